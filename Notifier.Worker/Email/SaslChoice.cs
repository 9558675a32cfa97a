using System.Net;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Notifier.Worker.Email;

/// <summary>
/// Picks the one SASL mechanism to try: the one that <c>Email__SaslMechanism</c> names, or the best of what the server offers. MailKit's own choice tries all of
/// them, one after another, so that a server (or who sits in between) could have the password in the clear by offering nothing better.
/// </summary>
internal static class SaslChoice
{
    public static IReadOnlyList<string> Passwords { get; } = ["PLAIN", "LOGIN", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"];

    /// <summary>RFC 7628, and what came before it.</summary>
    public static IReadOnlyList<string> Tokens { get; } = ["OAUTHBEARER", "XOAUTH2"];

    /// <param name="client">Connected, and not yet authenticated.</param>
    /// <param name="token">The OAuth 2.0 access token; null: there is a password.</param>
    /// <returns>Null where the server does not offer what was named, or nothing that is safe on this link.</returns>
    public static SaslMechanism? For(SmtpClient client, EmailOptions options, string? token)
    {
        var credentials = new NetworkCredential(options.User, token ?? options.Password);
        var wanted = options.SaslMechanism is { } named ? [named.ToUpperInvariant()] : token is null ? Passwords : Tokens;
        // On loopback there is no one in between.
        var clearTextIsSafe = client.IsSecure || options.HostIsLoopback;
        return wanted.FirstOrDefault(m => client.AuthenticationMechanisms.Contains(m) && (clearTextIsSafe || m.StartsWith("SCRAM-", StringComparison.Ordinal))) switch
        {
            "PLAIN" => new SaslMechanismPlain(credentials),
            "LOGIN" => new SaslMechanismLogin(credentials),
            "SCRAM-SHA-512" => new SaslMechanismScramSha512(credentials),
            "SCRAM-SHA-256" => new SaslMechanismScramSha256(credentials),
            "SCRAM-SHA-1" => new SaslMechanismScramSha1(credentials),
            "OAUTHBEARER" => new SaslMechanismOAuthBearer(credentials),
            "XOAUTH2" => new SaslMechanismOAuth2(credentials),
            _ => null,
        };
    }
}

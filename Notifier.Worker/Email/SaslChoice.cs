using System.Net;
using MailKit.Net.Smtp;
using MailKit.Security;

namespace Notifier.Worker.Email;

/// <summary>
/// Picks the one SASL mechanism to try. MailKit's own choice tries all the server offers, one after another, so that a server (or who
/// sits in between) could have the password in the clear by offering nothing better.
/// </summary>
internal static class SaslChoice
{
    /// <returns>Null where the server offers none that is safe on this link.</returns>
    public static SaslMechanism? For(SmtpClient client, EmailOptions options)
    {
        var credentials = new NetworkCredential(options.User, options.Password);
        var offered = client.AuthenticationMechanisms;
        // On loopback there is no one in between.
        if (client.IsSecure || options.HostIsLoopback)
        {
            if (offered.Contains("PLAIN"))
                return new SaslMechanismPlain(credentials);
            if (offered.Contains("LOGIN"))
                return new SaslMechanismLogin(credentials);
        }

        return offered switch
        {
            _ when offered.Contains("SCRAM-SHA-512") => new SaslMechanismScramSha512(credentials),
            _ when offered.Contains("SCRAM-SHA-256") => new SaslMechanismScramSha256(credentials),
            _ when offered.Contains("SCRAM-SHA-1") => new SaslMechanismScramSha1(credentials),
            _ => null,
        };
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Notifier.Domain.WebPush;

/// <summary>The token that says who pushes (RFC 8292 §2): a JWT signed with ES256, for one push service.</summary>
public static class VapidToken
{
    /// <summary>RFC 8292 §2 allows 24 h; half of it is safe against clocks.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    // {"typ":"JWT","alg":"ES256"}
    private const string Header = "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9";

    private static readonly string[] Unreachable = ["local", "localhost", "invalid"];

    /// <param name="origin">The push service: scheme, host, and the port where it is not the default.</param>
    /// <returns>The value of the Authorization header (RFC 8292 §3).</returns>
    public static string Authorization(VapidKeys keys, string origin, string subject, DateTimeOffset now)
    {
        var claims = JsonSerializer.SerializeToUtf8Bytes(new Claims(origin, (now + Lifetime).ToUnixTimeSeconds(), subject), ClaimsJson.Default.Claims);
        var signed = $"{Header}.{Base64Url.EncodeToString(claims)}";
        using var signer = keys.Signer();
        // RFC 7518 §3.4: r and s, 32 bytes each, leading zeros kept.
        var signature = signer.SignData(System.Text.Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        return $"vapid t={signed}.{Base64Url.EncodeToString(signature)}, k={keys.PublicKey}";
    }

    /// <summary>What is wrong with a <c>sub</c> (RFC 8292 §2.1); null: nothing. Apple refuses what others let pass, and only when a push message is sent.</summary>
    public static string? SubjectFault(string? subject)
    {
        if (string.IsNullOrEmpty(subject)) return "is not set; it is how push services reach you: mailto:you@example.org or an https address";
        if (subject.Any(c => char.IsWhiteSpace(c) || c is '<' or '>')) return "must not contain blanks or angle brackets";
        var host = subject.StartsWith("mailto:", StringComparison.OrdinalIgnoreCase)
            ? subject["mailto:".Length..] is var address && address.IndexOf('@') is > 0 and var at && !address.Contains(':') ? address[(at + 1)..] : null
            : Uri.TryCreate(subject, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps ? uri.Host : null;
        if (string.IsNullOrEmpty(host) || Uri.CheckHostName(host) == UriHostNameType.Unknown) return "must be mailto: with an address, or an https address";
        var labels = host.TrimEnd('.').Split('.');
        return labels.Length < 2 || Unreachable.Contains(labels[^1], StringComparer.OrdinalIgnoreCase)
            ? "must name a public host: push services refuse localhost, .local and .invalid" : null;
    }

    internal sealed record Claims(
        [property: System.Text.Json.Serialization.JsonPropertyName("aud")] string Audience,
        [property: System.Text.Json.Serialization.JsonPropertyName("exp")] long Expires,
        [property: System.Text.Json.Serialization.JsonPropertyName("sub")] string Subject);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(VapidToken.Claims))]
internal sealed partial class ClaimsJson : System.Text.Json.Serialization.JsonSerializerContext;

using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>A member of a <c>PushSubscription.toJSON()</c> that cannot be used, and why.</summary>
public sealed record BadSubscription(string Member, string Reason);

/// <summary>A browser's push subscription (RFC 8030 §4), with keys that are known to be good.</summary>
public sealed class PushSubscription
{
    public const int PublicKeyLength = 65, AuthLength = 16, MaxEndpointLength = 2048;

    private PushSubscription(Uri endpoint, byte[] p256dh, byte[] auth) => (Endpoint, P256dh, Auth) = (endpoint, p256dh, auth);

    /// <summary>The push resource. Whoever knows it can push to it: never in a log.</summary>
    public Uri Endpoint { get; }

    /// <summary>The user agent's public key: an uncompressed P-256 point of 65 bytes (RFC 8291 §3.1).</summary>
    public byte[] P256dh { get; }

    /// <summary>The authentication secret, 16 bytes (RFC 8291 §3.2).</summary>
    public byte[] Auth { get; }

    /// <summary>The public key of the application server that it was made with, base64url without padding; null: not known. The push service takes no other (RFC 8292 §4.2).</summary>
    public string? ApplicationServerKey { get; private init; }

    /// <summary>The push service, as VAPID's <c>aud</c> wants it: scheme, host, and the port where it is not the default.</summary>
    // The host in its ASCII form (RFC 6454 §6.2), which is also the one that the guard looks at.
    public string Origin => Endpoint.IsDefaultPort ? $"{Endpoint.Scheme}://{Endpoint.IdnHost}" : string.Create(CultureInfo.InvariantCulture, $"{Endpoint.Scheme}://{Endpoint.IdnHost}:{Endpoint.Port}");

    /// <summary>Checks everything that would only fail later, one push message at a time. Which hosts are allowed is not asked here.</summary>
    public static bool TryCreate(string? endpoint, string? p256dh, string? auth, [NotNullWhen(true)] out PushSubscription? subscription, [NotNullWhen(false)] out BadSubscription? bad)
    {
        subscription = null;
        if (endpoint is not { Length: > 0 and <= MaxEndpointLength } || !Uri.TryCreate(endpoint, UriKind.Absolute, out var uri))
            bad = new("endpoint", $"must be an absolute URL of at most {MaxEndpointLength} characters");
        else if (Decode(p256dh) is not { } key) bad = new("keys.p256dh", "must be base64url");
        else if (key.Length != PublicKeyLength) bad = new("keys.p256dh", $"must be {PublicKeyLength} bytes, an uncompressed P-256 point; it is {key.Length}");
        else if (key[0] != 4) bad = new("keys.p256dh", "must be an uncompressed P-256 point: its first byte is 4");
        else if (!IsOnCurve(key)) bad = new("keys.p256dh", "must be a point on the curve P-256");
        else if (Decode(auth) is not { } secret) bad = new("keys.auth", "must be base64url");
        else if (secret.Length != AuthLength) bad = new("keys.auth", $"must be {AuthLength} bytes; it is {secret.Length}");
        else
        {
            subscription = new PushSubscription(uri, key, secret);
            bad = null;
            return true;
        }
        return false;
    }

    /// <summary>What was checked when it was registered.</summary>
    public static PushSubscription FromStored(string endpoint, byte[] p256dh, byte[] auth, string? applicationServerKey = null) =>
        new(new Uri(endpoint), p256dh, auth) { ApplicationServerKey = applicationServerKey };

    /// <summary>Browsers leave the padding off, libraries may not; some use the standard alphabet.</summary>
    private static byte[]? Decode(string? text)
    {
        if (text is null || text.Length > 200) return null;
        try
        {
            return Base64Url.DecodeFromChars(text.TrimEnd('=').Replace('+', '-').Replace('/', '_'));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static bool IsOnCurve(byte[] key)
    {
        try
        {
            using var _ = P256Point.Import(key);
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}

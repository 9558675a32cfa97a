using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Notifier.Domain;

/// <summary>Why a connect token is not taken.</summary>
public enum ConnectTokenFault
{
    /// <summary>It is.</summary>
    None,

    /// <summary>It is no JWT, not of HS256, or not signed with the site's key.</summary>
    NotSigned,

    /// <summary>It was made for something else.</summary>
    WrongAudience,

    /// <summary><c>iss</c> or <c>sub</c> is missing.</summary>
    Nobody,

    /// <summary><c>exp</c> is missing.</summary>
    NoExpiry,

    /// <summary>It was good until a while ago.</summary>
    Expired,

    /// <summary>It will be good in a while.</summary>
    NotYetValid,

    /// <summary>It is good for more than ten minutes.</summary>
    TooLong,
}

/// <summary>
/// The JWT that a site gives a browser: <c>iss</c> is the site, <c>sub</c> the person, <c>aud</c> is <c>relay</c>, HS256 and nothing else (RFC 8725 section 3.1), and
/// good for ten minutes at most.
/// </summary>
/// <param name="Owner">Whose it is.</param>
/// <param name="Expires">When it ends.</param>
public sealed record ConnectToken(RecipientKey Owner, DateTimeOffset Expires)
{
    private const string Audience = "relay";
    private const int MaxLength = 4096, LongestSite = 100, LongestId = 200;
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Clocks differ.</summary>
    public static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30);

    /// <returns>The token; or null and the fault.</returns>
    public static ConnectToken? Read(string token, ReadOnlySpan<byte> key, DateTimeOffset now, out ConnectTokenFault fault)
    {
        fault = ConnectTokenFault.NotSigned;
        if (token.Length > MaxLength || token.Split('.') is not [var head, var body, var signature]) return null;
        if (Part(head) is not { } header || Part(body) is not { } claims || Decode(signature) is not { } signed) return null;
        // The header is the sender's word: it chooses nothing here, and what it names has to be what is checked.
        if (Text(header, "alg") != "HS256" || header.TryGetProperty("crit", out _)) return null;
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes($"{head}.{body}")), signed)) return null;
        return Claims(claims, now, out fault);
    }

    /// <summary>What to tell whoever sent it.</summary>
    public static string Describe(ConnectTokenFault fault) => fault switch
    {
        ConnectTokenFault.WrongAudience => "The connect token's aud is not relay.",
        ConnectTokenFault.Nobody => "The connect token needs iss, the site, and sub, the recipient.",
        ConnectTokenFault.NoExpiry => "The connect token needs exp.",
        ConnectTokenFault.Expired => "The connect token has expired.",
        ConnectTokenFault.NotYetValid => "The connect token is not valid yet.",
        ConnectTokenFault.TooLong => "The connect token is good for more than ten minutes.",
        _ => "The connect token is not signed by the site (HS256).",
    };

    private static ConnectToken? Claims(JsonElement claims, DateTimeOffset now, out ConnectTokenFault fault)
    {
        var expires = Time(claims, "exp");
        var issued = Time(claims, "iat");
        var owner = new RecipientKey(Text(claims, "iss") ?? "", Text(claims, "sub") ?? "");
        fault = 0 switch
        {
            _ when !IsForUs(claims) => ConnectTokenFault.WrongAudience,
            _ when !IsId(owner.Site, LongestSite) || !IsId(owner.Recipient, LongestId) => ConnectTokenFault.Nobody,
            _ when expires is null => ConnectTokenFault.NoExpiry,
            _ when expires + Leeway <= now => ConnectTokenFault.Expired,
            _ when Time(claims, "nbf") > now + Leeway || issued > now + Leeway => ConnectTokenFault.NotYetValid,
            _ when expires - now > Longest + Leeway || expires - issued > Longest => ConnectTokenFault.TooLong,
            _ => ConnectTokenFault.None,
        };
        return fault == ConnectTokenFault.None ? new ConnectToken(owner, expires!.Value) : null;
    }

    /// <summary>RFC 7519 section 4.1.3: one audience, or an array of them.</summary>
    private static bool IsForUs(JsonElement claims) => claims.TryGetProperty("aud", out var aud) && aud.ValueKind switch
    {
        JsonValueKind.String => aud.ValueEquals(Audience),
        JsonValueKind.Array => aud.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.ValueEquals(Audience)),
        _ => false,
    };

    private static bool IsId(string id, int longest) => id.Length > 0 && id.Length <= longest && !id.Any(char.IsControl);

    /// <summary>RFC 7519 section 2: seconds, perhaps with a fraction.</summary>
    private static DateTimeOffset? Time(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var seconds) && seconds is > 0 and < 1e11
            ? DateTimeOffset.UnixEpoch.AddSeconds(seconds) : null;

    private static string? Text(JsonElement element, string name) => JsonText.Of(JsonText.Member(element, name));

    private static JsonElement? Part(string encoded)
    {
        try
        {
            return Decode(encoded) is { } bytes && JsonElement.Parse(bytes) is { ValueKind: JsonValueKind.Object } part && JsonText.HasNames(part) ? part : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static byte[]? Decode(string encoded)
    {
        if (!Base64Url.IsValid(encoded) || encoded.AsSpan().ContainsAny("= \t\r\n")) return null;
        return Base64Url.DecodeFromChars(encoded);
    }
}

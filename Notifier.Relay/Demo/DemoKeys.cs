using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Notifier.Relay.Demo;

/// <summary>The two secrets of a site: one that its people's browsers have and the relay does not, and one that it shares with the relay.</summary>
/// <param name="connectKey">Signs connect tokens.</param>
internal sealed class DemoKeys(byte[] connectKey, TimeProvider clock)
{
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    private readonly byte[] _sealingKey = RandomNumberGenerator.GetBytes(32);

    /// <summary>What the site gives the browsers of its people.</summary>
    public string SealingKey => Base64Url.EncodeToString(_sealingKey);

    /// <summary>A JWE in compact form, <c>dir</c> and <c>A256GCM</c> (RFC 7516 section 3.1).</summary>
    public string Seal(string text)
    {
        var header = Base64Url.EncodeToString("""{"alg":"dir","enc":"A256GCM"}"""u8);
        var iv = RandomNumberGenerator.GetBytes(12);
        var plain = Encoding.UTF8.GetBytes(text);
        var (sealedBytes, tag) = (new byte[plain.Length], new byte[16]);
        using var cipher = new AesGcm(_sealingKey, tag.Length);
        cipher.Encrypt(iv, plain, sealedBytes, tag, Encoding.ASCII.GetBytes(header));
        return $"{header}..{Base64Url.EncodeToString(iv)}.{Base64Url.EncodeToString(sealedBytes)}.{Base64Url.EncodeToString(tag)}";
    }

    /// <summary>A connect token: who the person is, for the relay, for ten minutes (RFC 7519, HS256).</summary>
    public string Token(DemoPerson person)
    {
        var now = clock.GetUtcNow();
        var claims = JsonSerializer.SerializeToUtf8Bytes(new
        {
            iss = DemoSite.Name,
            sub = person.Id,
            aud = "relay",
            iat = now.ToUnixTimeSeconds(),
            exp = (now + Validity).ToUnixTimeSeconds(),
        });
        var signed = $"{Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8)}.{Base64Url.EncodeToString(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(connectKey, Encoding.ASCII.GetBytes(signed)))}";
    }
}

using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Notifier.Tests.Api;

namespace Notifier.Tests.Devices;

/// <summary>Connect tokens, good and bad, made by hand (RFC 7515) so that a token can say anything.</summary>
internal static class Jwt
{
    /// <summary>What a site says of a browser; a claim that is null is left out.</summary>
    public static Dictionary<string, object?> Claims(string site = "acme", string recipient = "ada", object? audience = null, double from = 0, double minutes = 10) => new()
    {
        ["iss"] = site,
        ["sub"] = recipient,
        ["aud"] = audience ?? "relay",
        ["iat"] = Seconds(from),
        ["exp"] = Seconds(from + minutes),
    };

    public static string For(string site, string recipient) => Sign(Claims(site, recipient));

    public static string Sign(Dictionary<string, object?> claims, string key = ApiHost.ConnectKey, string alg = "HS256", string? header = null) => Assemble(
        header ?? JsonSerializer.Serialize(new { alg, typ = "JWT", kid = "site-1" }), claims, text => alg switch
        {
            "HS256" => HMACSHA256.HashData(Encoding.UTF8.GetBytes(key), text),
            "HS512" => HMACSHA512.HashData(Encoding.UTF8.GetBytes(key), text),
            _ => [],
        });

    /// <summary>Signed with a key of its own, which it brings along.</summary>
    public static string Rs256(Dictionary<string, object?> claims)
    {
        using var rsa = RSA.Create(2048);
        var key = rsa.ExportParameters(false);
        var jwk = new { kty = "RSA", n = Base64Url.EncodeToString(key.Modulus), e = Base64Url.EncodeToString(key.Exponent) };
        return Assemble(JsonSerializer.Serialize(new { alg = "RS256", jwk }), claims, text => rsa.SignData(text, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    public static long Seconds(double minutes) => ApiHost.Now.AddMinutes(minutes).ToUnixTimeSeconds();

    private static string Assemble(string header, Dictionary<string, object?> claims, Func<byte[], byte[]> sign)
    {
        var said = claims.Where(c => c.Value is not null).ToDictionary();
        var text = $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header))}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(said))}";
        return $"{text}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
    }
}

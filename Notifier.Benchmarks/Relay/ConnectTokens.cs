using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Notifier.Benchmarks.Relay;

/// <summary>Connect tokens, as a site makes them.</summary>
internal static class ConnectTokens
{
    public const string Key = "bench-key-0123456789abcdef-0123456789";

    public static string For(string recipient)
    {
        var now = TimeProvider.System.GetUtcNow();
        var text = $"{Part(new { alg = "HS256", typ = "JWT" })}.{Part(new { iss = "acme", sub = recipient, aud = "relay", exp = now.AddMinutes(10).ToUnixTimeSeconds() })}";
        return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Key), Encoding.ASCII.GetBytes(text)))}";
    }

    private static string Part(object value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
}

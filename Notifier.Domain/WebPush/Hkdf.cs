using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>HKDF (RFC 5869) with SHA-256, for keys that one block of it is enough for: two HMACs without allocation, where the platform's keeps a hash object for each.</summary>
internal static class Hkdf
{
    public const int Length = HMACSHA256.HashSizeInBytes;

    private const int LongestInfo = 256;

    /// <summary>RFC 5869 §2.2.</summary>
    public static void Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKey, Span<byte> prk) => HMACSHA256.HashData(salt, inputKey, prk);

    /// <summary>RFC 5869 §2.3, its first block: T(1) = HMAC(PRK, info || 0x01), cut to the length of <paramref name="output"/>.</summary>
    public static void Expand(ReadOnlySpan<byte> prk, ReadOnlySpan<byte> info, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(output.Length, Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(info.Length, LongestInfo);
        Span<byte> input = stackalloc byte[LongestInfo + 1], block = stackalloc byte[Length];
        info.CopyTo(input);
        input[info.Length] = 1;
        HMACSHA256.HashData(prk, input[..(info.Length + 1)], block);
        block[..output.Length].CopyTo(output);
        CryptographicOperations.ZeroMemory(block);
    }
}

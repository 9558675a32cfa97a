using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>Points of P-256 as they travel: uncompressed, 65 bytes (RFC 8291 §3.1, RFC 8292 §3.2).</summary>
internal static class P256Point
{
    /// <summary>A point as a key. Off the curve: <see cref="CryptographicException"/>.</summary>
    public static ECDiffieHellman Import(ReadOnlySpan<byte> point) => ECDiffieHellman.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..65].ToArray() },
    });

    public static byte[] Export(ECPoint point)
    {
        var bytes = new byte[PushSubscription.PublicKeyLength];
        Export(point, bytes);
        return bytes;
    }

    /// <summary>The coordinates keep their leading zeros.</summary>
    public static void Export(ECPoint point, Span<byte> bytes)
    {
        bytes.Clear();
        bytes[0] = 4;
        point.X.CopyTo(bytes[(33 - point.X!.Length)..]);
        point.Y.CopyTo(bytes[(65 - point.Y!.Length)..]);
    }
}

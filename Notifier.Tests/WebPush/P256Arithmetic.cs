using System.Globalization;
using System.Numerics;

namespace Notifier.Tests.WebPush;

/// <summary>Multiplication on P-256 as a schoolbook has it: slow, and independent of the library that the product and <see cref="UserAgent"/> use.</summary>
internal static class P256Arithmetic
{
    private static readonly BigInteger P = BigInteger.Parse("0FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>The X coordinate of <paramref name="scalar"/> times a point, as 32 bytes with all leading zeros.</summary>
    public static byte[] SharedSecret(byte[] scalar, byte[] point)
    {
        (BigInteger X, BigInteger Y)? result = null;
        var (addend, k) = ((X: Number(point[1..33]), Y: Number(point[33..])), Number(scalar));
        for (; k > 0; k >>= 1, addend = Add(addend, addend)!.Value)
            if (!k.IsEven) result = result is { } sum ? Add(sum, addend) : addend;
        var x = result!.Value.X.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[32 - x.Length], .. x];
    }

    private static (BigInteger X, BigInteger Y)? Add((BigInteger X, BigInteger Y) a, (BigInteger X, BigInteger Y) b)
    {
        if (a.X == b.X && a.Y != b.Y) return null;
        var slope = a == b ? (3 * a.X * a.X - 3) * Inverse(2 * a.Y) : (b.Y - a.Y) * Inverse(b.X - a.X);
        var x = Mod(slope * slope - a.X - b.X);
        return (x, Mod(slope * (a.X - x) - a.Y));
    }

    private static BigInteger Inverse(BigInteger value) => BigInteger.ModPow(Mod(value), P - 2, P);

    private static BigInteger Mod(BigInteger value) => value % P is var rest && rest < 0 ? rest + P : value % P;

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
}

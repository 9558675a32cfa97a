using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>
/// The user agents' keys that the platform has imported lately. It checks a point each time, for a third of what a message costs, and a device seldom gets one
/// message only: what alerts is replaced, and dismissed.
/// </summary>
internal static class PeerKeys
{
    /// <summary>About 2 kB each.</summary>
    internal const int MostKept = 4096;

    private static readonly ConcurrentDictionary<byte[], ECDiffieHellmanPublicKey> Kept = new(new SamePoint());

    internal static int Count => Kept.Count;

    /// <param name="point">Uncompressed. Off the curve: <see cref="CryptographicException"/>.</param>
    public static ECDiffieHellmanPublicKey Of(ReadOnlySpan<byte> point)
    {
        if (Kept.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(point, out var kept)) return kept;
        using var imported = P256Point.Import(point);
        // Not disposed when they go: another thread may be at work with one. The finalizer does it.
        if (Kept.Count >= MostKept) Kept.Clear();
        return Kept[point.ToArray()] = imported.PublicKey;
    }

    private sealed class SamePoint : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode([DisallowNull] byte[] point) => GetHashCode(point.AsSpan());

        // Seeded per process: whoever may subscribe chooses the point.
        public int GetHashCode(ReadOnlySpan<byte> point)
        {
            var hash = new HashCode();
            hash.AddBytes(point);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}

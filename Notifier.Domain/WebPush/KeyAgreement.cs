using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>ECDH on P-256 with a key pair of its own for every message (RFC 8291 §3.1): two thirds of what a push message costs.</summary>
internal static class KeyAgreement
{
    public const int SecretLength = 32;

    /// <param name="userAgent">The other's point, uncompressed. Off the curve: <see cref="CryptographicException"/>.</param>
    /// <param name="publicKey">Gets our point, uncompressed.</param>
    /// <param name="secret">Gets the shared secret: 32 bytes, leading zeros and all. Without them one message in 256 could not be decrypted.</param>
    public static void Agree(ReadOnlySpan<byte> userAgent, Span<byte> publicKey, Span<byte> secret)
    {
        if (NativeKeyAgreement.Works) NativeKeyAgreement.Agree(userAgent, publicKey, secret);
        else AgreePortably(userAgent, publicKey, secret);
    }

    /// <summary>On what every platform has.</summary>
    public static void AgreePortably(ReadOnlySpan<byte> userAgent, Span<byte> publicKey, Span<byte> secret)
    {
        using var ours = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        Agree(ours, userAgent, publicKey, secret);
    }

    public static void Agree(ECDiffieHellman ours, ReadOnlySpan<byte> userAgent, Span<byte> publicKey, Span<byte> secret)
    {
        P256Point.Export(ours.ExportParameters(includePrivateParameters: false).Q, publicKey);
        var agreed = ours.DeriveRawSecretAgreement(PeerKeys.Of(userAgent));
        agreed.CopyTo(secret);
        CryptographicOperations.ZeroMemory(agreed);
    }
}

using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>Message encryption for Web Push (RFC 8291): only the user agent of the subscription can read it, the push service cannot.</summary>
public static class MessageEncryption
{
    /// <summary>What a push service must take is 4,096 bytes of body (RFC 8030 §7.2): less header, key, delimiter and tag this is left.</summary>
    public const int MaxPlaintext = 4096 - Aes128GcmCoding.FixedHeaderLength - PushSubscription.PublicKeyLength - 1 - Aes128GcmCoding.TagLength;

    /// <returns>The body of the push message: <c>Content-Encoding: aes128gcm</c>.</returns>
    /// <exception cref="ArgumentException">More than <see cref="MaxPlaintext"/> bytes.</exception>
    public static byte[] Encrypt(PushSubscription subscription, ReadOnlySpan<byte> plaintext)
    {
        // RFC 8291 §3.1: a key pair of its own for every message.
        using var ephemeral = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return Encrypt(subscription, plaintext, ephemeral, RandomNumberGenerator.GetBytes(Aes128GcmCoding.SaltLength));
    }

    internal static byte[] Encrypt(PushSubscription subscription, ReadOnlySpan<byte> plaintext, ECDiffieHellman ephemeral, ReadOnlySpan<byte> salt)
    {
        if (plaintext.Length > MaxPlaintext) throw new ArgumentException($"A push message takes at most {MaxPlaintext} bytes; this is {plaintext.Length}.", nameof(plaintext));

        var publicKey = Export(ephemeral.ExportParameters(includePrivateParameters: false).Q);
        using var userAgent = Import(subscription.P256dh);
        // 32 bytes, leading zeros and all: without them one message in 256 could not be decrypted.
        var secret = ephemeral.DeriveRawSecretAgreement(userAgent.PublicKey);

        Span<byte> prk = stackalloc byte[32], inputKey = stackalloc byte[32];
        HKDF.Extract(HashAlgorithmName.SHA256, secret, subscription.Auth, prk);
        HKDF.Expand(HashAlgorithmName.SHA256, prk, inputKey, KeyInfo(subscription.P256dh, publicKey));

        var body = new byte[Aes128GcmCoding.EncodedLength(plaintext.Length, publicKey.Length)];
        Aes128GcmCoding.Encode(inputKey, salt, publicKey, plaintext, body);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(prk);
        CryptographicOperations.ZeroMemory(inputKey);
        return body;
    }

    /// <summary>RFC 8291 §3.4: <c>"WebPush: info" || 0x00 || ua_public || as_public</c>.</summary>
    private static byte[] KeyInfo(ReadOnlySpan<byte> userAgent, ReadOnlySpan<byte> applicationServer) => [.. "WebPush: info\0"u8, .. userAgent, .. applicationServer];

    /// <summary>An uncompressed point as a key. Off the curve: <see cref="CryptographicException"/>.</summary>
    internal static ECDiffieHellman Import(ReadOnlySpan<byte> point) => ECDiffieHellman.Create(new ECParameters
    {
        Curve = ECCurve.NamedCurves.nistP256,
        Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..65].ToArray() },
    });

    /// <summary>A point as 65 bytes; the coordinates keep their leading zeros.</summary>
    internal static byte[] Export(ECPoint point)
    {
        var bytes = new byte[PushSubscription.PublicKeyLength];
        bytes[0] = 4;
        point.X!.CopyTo(bytes, 33 - point.X!.Length);
        point.Y!.CopyTo(bytes, 65 - point.Y!.Length);
        return bytes;
    }
}

using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>Message encryption for Web Push (RFC 8291): only the user agent of the subscription can read it, the push service cannot.</summary>
public static class MessageEncryption
{
    /// <summary>What a push service must take is 4,096 bytes of body (RFC 8030 §7.2): less header, key, delimiter and tag this is left.</summary>
    public const int MaxPlaintext = 4096 - Aes128GcmCoding.FixedHeaderLength - PushSubscription.PublicKeyLength - 1 - Aes128GcmCoding.TagLength;

    /// <summary>How two sides come to a shared secret: <see cref="KeyAgreement.Agree(ReadOnlySpan{byte}, Span{byte}, Span{byte})"/>, or what a test puts in its place.</summary>
    internal delegate void Agreement(ReadOnlySpan<byte> userAgent, Span<byte> publicKey, Span<byte> secret);

    /// <returns>The body of the push message: <c>Content-Encoding: aes128gcm</c>.</returns>
    /// <exception cref="ArgumentException">More than <see cref="MaxPlaintext"/> bytes.</exception>
    public static byte[] Encrypt(PushSubscription subscription, ReadOnlySpan<byte> plaintext) => Encrypt(subscription, plaintext, KeyAgreement.Agree);

    internal static byte[] Encrypt(PushSubscription subscription, ReadOnlySpan<byte> plaintext, Agreement agree)
    {
        Span<byte> salt = stackalloc byte[Aes128GcmCoding.SaltLength];
        RandomNumberGenerator.Fill(salt);
        return Encrypt(subscription, plaintext, agree, salt);
    }

    internal static byte[] Encrypt(PushSubscription subscription, ReadOnlySpan<byte> plaintext, Agreement agree, ReadOnlySpan<byte> salt)
    {
        if (plaintext.Length > MaxPlaintext) throw new ArgumentException($"A push message takes at most {MaxPlaintext} bytes; this is {plaintext.Length}.", nameof(plaintext));

        Span<byte> publicKey = stackalloc byte[PushSubscription.PublicKeyLength], secret = stackalloc byte[KeyAgreement.SecretLength];
        Span<byte> prk = stackalloc byte[Hkdf.Length], inputKey = stackalloc byte[Hkdf.Length];
        agree(subscription.P256dh, publicKey, secret);

        // RFC 8291 §3.4: "WebPush: info" || 0x00 || ua_public || as_public
        Span<byte> info = stackalloc byte[14 + 2 * PushSubscription.PublicKeyLength];
        "WebPush: info\0"u8.CopyTo(info);
        subscription.P256dh.CopyTo(info[14..]);
        publicKey.CopyTo(info[(14 + PushSubscription.PublicKeyLength)..]);
        Hkdf.Extract(subscription.Auth, secret, prk);
        Hkdf.Expand(prk, info, inputKey);

        var body = new byte[Aes128GcmCoding.EncodedLength(plaintext.Length, publicKey.Length)];
        Aes128GcmCoding.Encode(inputKey, salt, publicKey, plaintext, body);
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(prk);
        CryptographicOperations.ZeroMemory(inputKey);
        return body;
    }
}

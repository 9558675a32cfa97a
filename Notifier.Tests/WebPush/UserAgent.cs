using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Notifier.Domain.WebPush;

namespace Notifier.Tests.WebPush;

/// <summary>The other side of RFC 8291, written from the RFC and sharing nothing with the product: makes a subscription, and reads what is encrypted for it.</summary>
internal sealed class UserAgent : IDisposable
{
    private readonly ECDiffieHellman _key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _auth = RandomNumberGenerator.GetBytes(16);

    public UserAgent()
    {
        Assert.True(PushSubscription.TryCreate("https://fcm.googleapis.com/fcm/send/x", Base64Url.EncodeToString(PublicKey), Base64Url.EncodeToString(_auth), out var subscription, out _));
        Subscription = subscription;
    }

    public PushSubscription Subscription { get; }

    private byte[] PublicKey => _key.ExportParameters(false).Q is var q ? [4, .. q.X!, .. q.Y!] : [];

    public byte[] SharedSecret(ECDiffieHellman other) => _key.DeriveRawSecretAgreement(other.PublicKey);

    public byte[] Decrypt(byte[] body)
    {
        var salt = body[..16];
        Assert.Equal(65, body[20]);
        var server = body[21..86];
        using var peer = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = server[1..33], Y = server[33..] } });

        var info = Encoding.ASCII.GetBytes("WebPush: info\0").Concat(PublicKey).Concat(server).ToArray();
        var inputKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, SharedSecret(peer), 32, _auth, info);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, inputKey, 16, salt, Encoding.ASCII.GetBytes("Content-Encoding: aes128gcm\0"));
        var nonce = HKDF.DeriveKey(HashAlgorithmName.SHA256, inputKey, 12, salt, Encoding.ASCII.GetBytes("Content-Encoding: nonce\0"));

        var record = body[86..];
        var padded = new byte[record.Length - 16];
        using var aes = new AesGcm(key, 16);
        aes.Decrypt(nonce, record[..^16], record[^16..], padded);
        var end = Array.FindLastIndex(padded, b => b != 0);
        Assert.Equal(2, padded[end]);
        return padded[..end];
    }

    public void Dispose() => _key.Dispose();
}

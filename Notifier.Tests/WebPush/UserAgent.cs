using System.Buffers.Binary;
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

    public UserAgent(string endpoint = "https://fcm.googleapis.com/fcm/send/x")
    {
        Assert.True(PushSubscription.TryCreate(endpoint, Base64Url.EncodeToString(PublicKey), Base64Url.EncodeToString(_auth), out var subscription, out _));
        Subscription = subscription;
    }

    public PushSubscription Subscription { get; }

    public byte[] PublicKey => _key.ExportParameters(false).Q is var q ? [4, .. q.X!, .. q.Y!] : [];

    public byte[] PrivateKey => _key.ExportParameters(true).D!;

    public byte[] SharedSecret(ECDiffieHellman other) => _key.DeriveRawSecretAgreement(other.PublicKey);

    public byte[] Decrypt(byte[] body)
    {
        var salt = body[..16];
        Assert.Equal(65, body[20]);
        var server = body[21..86];
        using var peer = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = server[1..33], Y = server[33..] } });

        var info = Encoding.ASCII.GetBytes("WebPush: info\0").Concat(PublicKey).Concat(server).ToArray();
        var inputKey = HKDF.DeriveKey(HashAlgorithmName.SHA256, SharedSecret(peer), 32, _auth, info);
        Assert.True(body.Length - 86 <= BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(16))); // RFC 8291 §4: one record
        return DecryptRecords(inputKey, body);
    }

    /// <summary>RFC 8188 §2, with any number of records.</summary>
    public static byte[] DecryptRecords(byte[] inputKey, byte[] body)
    {
        var (salt, size) = (body[..16], BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(16)));
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, inputKey, 16, salt, Encoding.ASCII.GetBytes("Content-Encoding: aes128gcm\0"));
        var nonce = HKDF.DeriveKey(HashAlgorithmName.SHA256, inputKey, 12, salt, Encoding.ASCII.GetBytes("Content-Encoding: nonce\0"));
        using var aes = new AesGcm(key, 16);
        var plaintext = new List<byte>();
        var records = body[(21 + body[20])..].Chunk(size).ToArray();
        for (var i = 0; i < records.Length; i++)
        {
            var padded = new byte[records[i].Length - 16];
            byte[] own = [.. nonce[..11], (byte)(nonce[11] ^ i)]; // §2.3; up to 256 records
            aes.Decrypt(own, records[i][..^16], records[i][^16..], padded);
            var end = Array.FindLastIndex(padded, b => b != 0);
            Assert.Equal(i == records.Length - 1 ? 2 : 1, padded[end]);
            plaintext.AddRange(padded[..end]);
        }
        return [.. plaintext];
    }

    public void Dispose() => _key.Dispose();
}

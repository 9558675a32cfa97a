using System.Security.Cryptography;
using System.Text;

namespace Notifier.Faults.Stage;

/// <summary>What a browser does with a push message, after RFC 8291 and RFC 8188 alone: nothing of the product's encryption is used here.</summary>
internal sealed class Browser : IDisposable
{
    private readonly ECDiffieHellman _key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
    private readonly byte[] _auth = RandomNumberGenerator.GetBytes(16);
    private readonly byte[] _public;

    public Browser() => _public = Encode(_key.ExportParameters(false).Q);

    public ReadOnlySpan<byte> PublicKey => _public;

    public ReadOnlySpan<byte> Auth => _auth;

    /// <exception cref="CryptographicException">It is not for this browser, or was changed on its way.</exception>
    public string Decrypt(ReadOnlySpan<byte> body)
    {
        // Header (RFC 8188 §2.1): salt, record size, length of the key id, and in it the sender's public key.
        var salt = body[..16];
        var sender = body.Slice(21, body[20]);
        var sealedRecord = body[(21 + body[20])..];

        using var other = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = sender[1..33].ToArray(), Y = sender[33..].ToArray() } });
        var secret = _key.DeriveRawSecretAgreement(other.PublicKey);
        var material = HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, _auth, [.. "WebPush: info\0"u8, .. _public, .. sender]);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 16, salt.ToArray(), "Content-Encoding: aes128gcm\0"u8.ToArray());
        var nonce = HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 12, salt.ToArray(), "Content-Encoding: nonce\0"u8.ToArray());

        var clear = new byte[sealedRecord.Length - 16];
        using (var aes = new AesGcm(key, 16)) aes.Decrypt(nonce, sealedRecord[..^16], sealedRecord[^16..], clear);
        // The last record's delimiter is 2, and padding zeros may follow it.
        var end = clear.AsSpan().LastIndexOfAnyExcept((byte)0);
        if (end < 0 || clear[end] != 2) throw new CryptographicException("no delimiter of a last record");
        return Encoding.UTF8.GetString(clear, 0, end);
    }

    public void Dispose() => _key.Dispose();

    private static byte[] Encode(ECPoint point) => [4, .. point.X!, .. point.Y!];
}

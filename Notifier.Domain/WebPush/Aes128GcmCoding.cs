using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Notifier.Domain.WebPush;

/// <summary>The content coding aes128gcm (RFC 8188), of one record: all that Web Push allows (RFC 8291 §4).</summary>
internal static class Aes128GcmCoding
{
    public const int SaltLength = 16, TagLength = 16, KeyLength = 16, NonceLength = 12;

    /// <summary>The record size in the header. It is a limit, not a length (RFC 8188 §2.1): one record of any size up to it.</summary>
    public const int RecordSize = 4096;

    /// <summary>Salt, record size, length of the key id (RFC 8188 §2.1).</summary>
    public const int FixedHeaderLength = SaltLength + 4 + 1;

    private const byte LastRecord = 2; // RFC 8188 §2: the delimiter of the last record

    public static int EncodedLength(int plaintext, int keyId) => FixedHeaderLength + keyId + plaintext + 1 + TagLength;

    /// <param name="inputKey">The input keying material; with Web Push it comes from RFC 8291 §3.4.</param>
    /// <param name="output">Of exactly <see cref="EncodedLength"/> bytes.</param>
    /// <param name="recordSize">At least the plaintext and 17 bytes.</param>
    public static void Encode(ReadOnlySpan<byte> inputKey, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> keyId, ReadOnlySpan<byte> plaintext, Span<byte> output, int recordSize = RecordSize)
    {
        salt.CopyTo(output);
        BinaryPrimitives.WriteInt32BigEndian(output[SaltLength..], recordSize);
        output[SaltLength + 4] = (byte)keyId.Length;
        keyId.CopyTo(output[FixedHeaderLength..]);
        var record = output[(FixedHeaderLength + keyId.Length)..];

        // RFC 8188 §2.2 and §2.3: one extraction, then key and nonce. The record's number is 0, so the nonce stays as derived.
        Span<byte> prk = stackalloc byte[Hkdf.Length], key = stackalloc byte[KeyLength], nonce = stackalloc byte[NonceLength];
        Hkdf.Extract(salt, inputKey, prk);
        Hkdf.Expand(prk, "Content-Encoding: aes128gcm\0"u8, key);
        Hkdf.Expand(prk, "Content-Encoding: nonce\0"u8, nonce);

        var content = record[..(plaintext.Length + 1)];
        plaintext.CopyTo(content);
        content[^1] = LastRecord;
        using (var aes = new AesGcm(key, TagLength)) aes.Encrypt(nonce, content, content, record.Slice(content.Length, TagLength));
        CryptographicOperations.ZeroMemory(prk);
        CryptographicOperations.ZeroMemory(key);
    }
}

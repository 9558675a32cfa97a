#:property PublishAot=false
// dotnet run seal.cs KEY TEXT: seals a text for the relay. KEY: 32 random bytes in base64url.
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

Console.WriteLine(Seal(args[1], args[0]));

static string Seal(string text, string key)
{
    var header = Base64Url.EncodeToString("""{"alg":"dir","enc":"A256GCM"}"""u8);
    var iv = RandomNumberGenerator.GetBytes(12); // a new one for every message
    var plain = Encoding.UTF8.GetBytes(text);
    var (@sealed, tag) = (new byte[plain.Length], new byte[16]);
    using var cipher = new AesGcm(Base64Url.DecodeFromChars(key), tag.Length);
    cipher.Encrypt(iv, plain, @sealed, tag, Encoding.ASCII.GetBytes(header));
    return $"{header}..{Base64Url.EncodeToString(iv)}.{Base64Url.EncodeToString(@sealed)}.{Base64Url.EncodeToString(tag)}";
}

using System.Security.Cryptography;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;

namespace Notifier.Worker.Email.Dkim;

/// <summary>Reads the private keys of <see cref="DkimOptions"/>.</summary>
internal static class DkimKey
{
    private const int LeastBits = 2048; // RFC 8301 section 3.2: signers SHOULD

    /// <returns>What is wrong with the file, or null. Never anything of its content.</returns>
    public static string? Fault(string path)
    {
        try
        {
            return Signer(path, "fault.example", "fault") is PlatformRsaSigner { Bits: < LeastBits } ? $"an RSA key must have at least {LeastBits} bits" : null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return "there is no such file";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "the file cannot be read";
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException or GeneralSecurityException)
        {
            return "must be a PEM file with an RSA or Ed25519 private key, without a passphrase";
        }
    }

    public static DkimSigner Signer(string path, string domain, string selector)
    {
        var pem = File.ReadAllText(path);
        var fields = PemEncoding.Find(pem);
        if (pem[fields.Label] == "PRIVATE KEY" && Ed25519(Convert.FromBase64String(pem[fields.Base64Data])) is { } key)
            return new DkimSigner(key, domain, selector, DkimSignatureAlgorithm.Ed25519Sha256);
        var rsa = RSA.Create();
        rsa.ImportFromPem(pem);
        return new PlatformRsaSigner(rsa, domain, selector);
    }

    private static Ed25519PrivateKeyParameters? Ed25519(byte[] pkcs8)
    {
        try
        {
            return PrivateKeyFactory.CreateKey(pkcs8) as Ed25519PrivateKeyParameters;
        }
        catch (IOException e)
        {
            throw new CryptographicException("no PKCS#8", e);
        }
    }
}

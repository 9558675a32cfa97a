using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Notifier.Worker.Sites;

/// <summary>
/// Encrypts what is secret in the row of a site, with a key that the database never sees. A value is bound to its site and its setting: moved to another row it cannot be read.
/// </summary>
internal sealed class SiteSecrets(IOptions<SitesOptions> options)
{
    private const int NonceBytes = 12, TagBytes = 16; // NIST SP 800-38D sections 5.2.1.1 and 5.2.1.2

    // The first encrypts; any of them decrypts.
    private readonly byte[][] _keys = [.. options.Value.OldEncryptionKeys.Prepend(options.Value.EncryptionKey).OfType<string>().Select(Convert.FromBase64String)];

    /// <exception cref="SettingException">There is no key.</exception>
    public string Protect(string site, string setting, string value)
    {
        if (options.Value.EncryptionKey is null) throw Missing($"{setting} of site {site}");
        var plain = Encoding.UTF8.GetBytes(value);
        var sealedBytes = new byte[NonceBytes + plain.Length + TagBytes];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(..NonceBytes));
        using var aes = new AesGcm(_keys[0], TagBytes);
        aes.Encrypt(sealedBytes.AsSpan(..NonceBytes), plain, sealedBytes.AsSpan(NonceBytes, plain.Length), sealedBytes.AsSpan(^TagBytes..), Place(site, setting));
        return Convert.ToBase64String(sealedBytes);
    }

    /// <exception cref="SettingException">None of the keys fits.</exception>
    public string Reveal(string site, string setting, string sealedText)
    {
        if (_keys.Length == 0) throw Missing($"{setting} of site {site}");
        var sealedBytes = new byte[sealedText.Length];
        if (Convert.TryFromBase64String(sealedText, sealedBytes, out var length) && length >= NonceBytes + TagBytes)
            foreach (var key in _keys)
                if (TryDecrypt(key, sealedBytes.AsSpan(..length), Place(site, setting)) is { } plain) return plain;
        throw new SettingException("Sites__EncryptionKey:", $"is not the key that {setting} of site {site} was encrypted with; keep the one before in Sites__OldEncryptionKeys__0");
    }

    private static string? TryDecrypt(byte[] key, ReadOnlySpan<byte> sealedBytes, byte[] place)
    {
        var plain = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(sealedBytes[..NonceBytes], sealedBytes[NonceBytes..^TagBytes], sealedBytes[^TagBytes..], plain, place);
            return Encoding.UTF8.GetString(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    private static byte[] Place(string site, string setting) => Encoding.UTF8.GetBytes($"{site}\u001f{setting}");

    private static SettingException Missing(string secret) => new("Sites__EncryptionKey:", $"is required for {secret}, which is kept encrypted; such as from: openssl rand -base64 32");
}

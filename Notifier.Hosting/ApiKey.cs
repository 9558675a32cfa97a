using System.Security.Cryptography;
using System.Text;

namespace Notifier.Hosting;

/// <summary>
/// One entry of <c>Intake__ApiKeys__N</c>: <c>KEY</c> for every site, <c>SITE:KEY</c> for one. In place of KEY its hash may stand, so that no file holds the key:
/// <c>sha256:</c> and 64 hexadecimal digits.
/// </summary>
/// <param name="Site">Empty: every site.</param>
/// <param name="Key">The key as it was written; null where its hash was.</param>
internal sealed record ApiKey(string Site, string? Key, byte[] Hash)
{
    private const string Hashed = "sha256";

    public static ApiKey Read(string entry)
    {
        var (before, secret) = Split(entry);
        var (site, algorithm) = before is null ? ("", null) : Split(before) is (var s, Hashed) ? (s ?? "", Hashed) : (before, (string?)null);
        return algorithm is not null && secret.Length == 64 && secret.All(char.IsAsciiHexDigit)
            ? new ApiKey(site, null, Convert.FromHexString(secret))
            : new ApiKey(before ?? "", secret, SHA256.HashData(Encoding.UTF8.GetBytes(secret)));
    }

    /// <summary>At the last colon: an id of a site may have some.</summary>
    private static (string? Before, string After) Split(string text) =>
        text.LastIndexOf(':') is >= 0 and var colon ? (text[..colon], text[(colon + 1)..]) : (null, text);
}

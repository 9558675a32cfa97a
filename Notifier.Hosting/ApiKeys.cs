using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>The API keys of the sites' servers, kept as hashes.</summary>
internal class ApiKeys(IOptions<ApiKeyOptions> options)
{
    /// <summary>The name of the scheme, and of the policy of routes that only a site's server may call.</summary>
    public const string Scheme = "ApiKey", Policy = "ApiKey";

    /// <summary>The claim of whoever has shown a key: the site that it is of, or nothing where it is one of the settings.</summary>
    public const string Claim = "api_key";

    private readonly byte[][] _hashes = [.. options.Value.ApiKeys.Select(Hash)];

    public virtual bool IsEmpty => _hashes.Length == 0;

    /// <returns>Null: nobody knows this key. Else the site that it is of; nothing where it is one of the settings.</returns>
    public string? Holder(string key)
    {
        var hash = Hash(key);
        return IsOurs(hash) ? "" : SiteOf(hash);
    }

    /// <summary>A host whose sites have keys of their own says whose this is.</summary>
    protected virtual string? SiteOf(byte[] hash) => null;

    /// <summary>Takes the same time for whatever is shown: hashes of one length are compared, always all of them.</summary>
    private bool IsOurs(byte[] hash)
    {
        var held = false;
        foreach (var known in _hashes) held |= CryptographicOperations.FixedTimeEquals(known, hash);
        return held;
    }

    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

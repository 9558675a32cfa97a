using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>The API keys of the sites' servers, kept as hashes.</summary>
internal sealed class ApiKeys(IOptions<ApiKeyOptions> options)
{
    /// <summary>The name of the scheme, and of the policy of routes that only a site's server may call.</summary>
    public const string Scheme = "ApiKey", Policy = "ApiKey";

    /// <summary>The claim of whoever has shown a key; it is good for every site here.</summary>
    public const string Claim = "api_key";

    private readonly byte[][] _hashes = [.. options.Value.ApiKeys.Select(Hash)];

    public bool IsEmpty => _hashes.Length == 0;

    /// <summary>Takes the same time for whatever is shown: hashes of one length are compared, always all of them.</summary>
    public bool Hold(string key)
    {
        var hash = Hash(key);
        var held = false;
        foreach (var known in _hashes) held |= CryptographicOperations.FixedTimeEquals(known, hash);
        return held;
    }

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

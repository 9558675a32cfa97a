using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>The API keys of the sites' servers, kept as hashes: several at a time, so that a new one can be in use before an old one ends.</summary>
internal class ApiKeys(IOptions<ApiKeyOptions> options)
{
    /// <summary>The name of the scheme, and of the policy of routes that only a site's server may call.</summary>
    public const string Scheme = "ApiKey", Policy = "ApiKey";

    /// <summary>The claim of whoever has shown a key: the site that it is for, or empty for every site here.</summary>
    public const string Claim = "api_key";

    private readonly ApiKey[] _keys = [.. options.Value.ApiKeys.Select(ApiKey.Read)];

    public virtual bool IsEmpty => _keys.Length == 0;

    /// <summary>Takes the same time for whatever is shown: hashes of one length are compared, always all of them.</summary>
    /// <returns>The site that the key is for; empty: every site. Null: no key that is known here.</returns>
    public string? SiteOf(string key)
    {
        var hash = Hash(key);
        string? site = null;
        foreach (var known in _keys)
            if (CryptographicOperations.FixedTimeEquals(known.Hash, hash)) site = known.Site;
        return site ?? SiteOf(hash);
    }

    /// <summary>A host whose sites have keys of their own says whose this is; null: nobody's.</summary>
    protected virtual string? SiteOf(byte[] hash) => null;

    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>The only site that whoever asks may speak for; null: any, or it is no API key that speaks.</summary>
    public static string? OnlySite(ClaimsPrincipal user) => user.FindFirstValue(Claim) is { Length: > 0 } site ? site : null;

    public static IResult OfAnotherSite(string? member = null) => ApiProblem.Of(StatusCodes.Status403Forbidden, "This API key is not one of this site's.", member);
}

using Microsoft.Extensions.Options;

namespace Notifier.Worker.WebPush;

/// <summary>
/// Which endpoints a browser may register: anyone can post anything as a subscription, and we would make requests there. The second half of the
/// guard is <see cref="GuardedConnect"/>.
/// </summary>
internal sealed class EndpointGuard(IOptions<WebPushOptions> options)
{
    /// <returns>What is wrong with the endpoint; null: nothing.</returns>
    public string? Refuses(Uri endpoint)
    {
        if (options.Value.AllowLoopback && endpoint is { Scheme: "http" or "https", IdnHost: "127.0.0.1", UserInfo.Length: 0 }) return null;
        if (endpoint.Scheme != Uri.UriSchemeHttps) return "must be https";
        if (endpoint.UserInfo.Length > 0) return "must not contain a user name";
        if (!endpoint.IsDefaultPort) return "must be on port 443";
        // The parsed host, in its ASCII form: what is compared is what is connected to.
        return endpoint.HostNameType == UriHostNameType.Dns && options.Value.Hosts.Any(h => Matches(h, endpoint.IdnHost)) ? null
            : "must be at a push service that is allowed here (WebPush__AllowedHosts)";
    }

    private static bool Matches(string pattern, string host) => pattern.StartsWith("*.", StringComparison.Ordinal)
        ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase) && host.Length >= pattern.Length
        : host.Equals(pattern, StringComparison.OrdinalIgnoreCase);
}

using Microsoft.AspNetCore.Http.Features;
using Notifier.Domain;

namespace Notifier.Worker.Api;

/// <summary>What the path of a request names: a site, and in it a person, a message or both. Ids are the site's own, so they may hold anything but control characters.</summary>
/// <param name="Fault">What is wrong with it: then the rest is not to be used. <see cref="SiteRoutes"/> refuses the request.</param>
internal sealed record RoutePath(string Site, string Recipient, string Message, Unreadable? Fault)
{
    private const int LongestSite = 100, LongestId = 200;

    public RecipientKey Key => new(Site, Recipient);

    public static ValueTask<RoutePath> BindAsync(HttpContext http) => ValueTask.FromResult(Of(http));

    public static RoutePath Of(HttpContext http)
    {
        Unreadable? fault = null;
        return new RoutePath(Read("site", LongestSite), Read("id", LongestId), Read("message", LongestId), fault);

        string Read(string name, int longest)
        {
            if (http.GetRouteValue(name) is not string value) return "";
            var id = Decode(http, value);
            if (id.Length > longest) fault ??= new Unreadable(name, $"must be at most {longest} characters");
            else if (id.Any(char.IsControl)) fault ??= new Unreadable(name, "must not contain control characters");
            return id;
        }
    }

    /// <summary>
    /// Kestrel decodes a path except for <c>%2F</c>, so that an id with a slash in it, and one with the three characters %2F, look the same here:
    /// only the request line tells them apart (RFC 3986 section 2.2).
    /// </summary>
    private static string Decode(HttpContext http, string value)
    {
        if (!value.Contains("%2F", StringComparison.OrdinalIgnoreCase)) return value;
        var target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var segment = target.Split('?')[0].Split('/').FirstOrDefault(s => AsKestrel(s) == value);
        return segment is null ? value : Uri.UnescapeDataString(segment);
    }

    private static string AsKestrel(string segment) => Uri.UnescapeDataString(segment.Replace("%2F", "%252F", StringComparison.Ordinal).Replace("%2f", "%252f", StringComparison.Ordinal));
}

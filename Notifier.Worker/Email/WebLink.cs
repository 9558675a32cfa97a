namespace Notifier.Worker.Email;

/// <summary>The URLs of others that may become links.</summary>
internal static class WebLink
{
    /// <returns>The URL, escaped, or null: <c>javascript:</c> and the like are dropped, and so is what hides its host behind a user name.</returns>
    public static string? From(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var link)
        && (link.Scheme == Uri.UriSchemeHttps || link.Scheme == Uri.UriSchemeHttp) && link.UserInfo.Length == 0
            ? link.AbsoluteUri
            : null;
}

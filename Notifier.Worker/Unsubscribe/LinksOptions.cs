using Microsoft.Extensions.Options;

namespace Notifier.Worker.Unsubscribe;

/// <summary>The section <c>Links</c>: how links in our mail lead back to this worker.</summary>
public sealed class LinksOptions
{
    public const string Section = "Links";

    /// <summary>Where people reach this worker: an absolute http or https URL, without query; a path is kept. Required.</summary>
    public string? BaseUrl { get; set; }

    /// <summary>
    /// The secret that signs links, at least 32 characters; <c>openssl rand -base64 32</c> makes a good one. Required.
    /// With a new one, keep the old one in <see cref="OldSigningKeys"/>: the links of every mail sent so far are signed with it.
    /// </summary>
    public string? SigningKey { get; set; }

    /// <summary>Keys that signed links and return paths once: these are still taken, and no new ones made. Each at least 32 characters. Default none.</summary>
    public IList<string> OldSigningKeys { get; } = [];
}

internal sealed class LinksOptionsValidator : IValidateOptions<LinksOptions>
{
    public ValidateOptionsResult Validate(string? name, LinksOptions options)
    {
        List<string> failures = [];
        if (!Uri.TryCreate(options.BaseUrl, UriKind.Absolute, out var url)
            || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp) || url.Query.Length > 0 || url.Fragment.Length > 0)
            failures.Add("Links__BaseUrl: must be an absolute http or https URL such as https://notifier.acme.example");
        if (options.SigningKey is not { Length: >= 32 })
            failures.Add("Links__SigningKey: must be at least 32 characters, such as from: openssl rand -base64 32");
        if (options.OldSigningKeys.Any(key => key is not { Length: >= 32 }))
            failures.Add("Links__OldSigningKeys__N: must be at least 32 characters each, as they were when they signed");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}

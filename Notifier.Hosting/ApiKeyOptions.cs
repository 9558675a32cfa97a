using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>The keys of the sites' servers, in the section <c>Intake</c>: the same for the worker and the relay.</summary>
public sealed class ApiKeyOptions
{
    public const string Section = "Intake";

    /// <summary>
    /// The bearer keys that may publish and administer recipients; <c>Intake__ApiKeys__0</c> and so on. <c>KEY</c> is good for every site here, <c>SITE:KEY</c> for one;
    /// <c>sha256:HASH</c> in place of KEY keeps the key itself out of the settings. Any number at a time: to rotate, add the new one, change the site, remove the old one.
    /// </summary>
    public IList<string> ApiKeys { get; } = [];
}

/// <summary>Refuses keys that could be guessed, or never be sent. Never repeats one.</summary>
internal sealed partial class ApiKeyOptionsValidator(IHostEnvironment environment) : IValidateOptions<ApiKeyOptions>
{
    private const int ShortestKey = 16;

    public ValidateOptionsResult Validate(string? name, ApiKeyOptions options)
    {
        List<string> failures = [];
        if (options.ApiKeys.Count == 0 && !environment.IsDevelopment())
            failures.Add("Intake__ApiKeys__0: is required outside Development: the key that the site's server sends, such as from: openssl rand -hex 32");
        foreach (var (i, key) in options.ApiKeys.Index())
        {
            var read = ApiKey.Read(key ?? "");
            if (read.Key is null) continue; // of a hash nobody can tell
            if (!Token68().IsMatch(read.Key))
                failures.Add($"Intake__ApiKeys__{i}: must be of letters, digits and - . _ ~ + / only, since it is sent as a bearer token (RFC 6750 section 2.1)");
            else if (read.Key.Length < ShortestKey && !environment.IsDevelopment())
                failures.Add($"Intake__ApiKeys__{i}: must be at least {ShortestKey} characters, such as from: openssl rand -hex 32");
        }
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9\-._~+/]+=*\z")]
    private static partial Regex Token68();
}

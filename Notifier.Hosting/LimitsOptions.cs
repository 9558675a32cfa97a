using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>The section <c>Limits</c>: how often the routes may be called, the same for the worker and the relay. Events, publishing and connections have limits of their own.</summary>
public sealed class LimitsOptions
{
    public const string Section = "Limits";

    /// <summary>Requests a second with one API key; more are answered 429. 1 or more, default 2,000.</summary>
    public int PerKey { get; set; } = 2_000;

    /// <summary>Requests a second from one address without an API key: browsers, mail programs, guesses. 1 or more, default 200; raise it where a proxy hides the addresses.</summary>
    public int PerAddress { get; set; } = 200;
}

internal sealed class LimitsOptionsValidator : IValidateOptions<LimitsOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitsOptions options)
    {
        List<string> failures = [];
        if (options.PerKey < 1) failures.Add("Limits__PerKey: must be 1 or more");
        if (options.PerAddress < 1) failures.Add("Limits__PerAddress: must be 1 or more");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}

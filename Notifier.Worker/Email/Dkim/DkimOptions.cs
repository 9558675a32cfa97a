using Microsoft.Extensions.Options;

namespace Notifier.Worker.Email.Dkim;

/// <summary>The section <c>Email:Dkim</c>: signatures (RFC 6376), where the mail server does not sign by itself.</summary>
public sealed class DkimOptions
{
    public const string Section = "Email:Dkim";

    /// <summary>The signing domain (d=): that of <c>Email__From</c>, or one above it. Default none: no signature.</summary>
    public string? Domain { get; set; }

    /// <summary>The selector (s=). Required with <see cref="Domain"/>.</summary>
    public string? Selector { get; set; }

    /// <summary>The private key in PEM (PKCS#8, or PKCS#1 for RSA): RSA of at least 2048 bits, or Ed25519. Required with <see cref="Domain"/>.</summary>
    public string? KeyFile { get; set; }

    /// <summary>The selector of a second signature (RFC 8463 section 3: Ed25519 beside RSA, since not everybody reads it). Needs <see cref="SecondKeyFile"/>.</summary>
    public string? SecondSelector { get; set; }

    /// <summary>The private key of the second signature.</summary>
    public string? SecondKeyFile { get; set; }
}

internal sealed class DkimOptionsValidator : IValidateOptions<DkimOptions>
{
    public ValidateOptionsResult Validate(string? name, DkimOptions options)
    {
        var failures = Failures(options).ToList();
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static IEnumerable<string> Failures(DkimOptions options)
    {
        if (options.Domain is null)
        {
            if ((options.Selector ?? options.KeyFile ?? options.SecondSelector ?? options.SecondKeyFile) is not null)
                yield return "Email__Dkim__Domain: is required with a selector or a key";
            yield break;
        }
        if (!IsName(options.Domain)) yield return "Email__Dkim__Domain: must be a domain such as acme.example";
        if (!IsName(options.Selector)) yield return "Email__Dkim__Selector: must be a name such as n2026";
        if (options.KeyFile is null) yield return "Email__Dkim__KeyFile: is required with Email__Dkim__Domain";
        else if (DkimKey.Fault(options.KeyFile) is { } fault) yield return $"Email__Dkim__KeyFile: {fault}";
        if (options.SecondKeyFile is not null && !IsName(options.SecondSelector)) yield return "Email__Dkim__SecondSelector: must be a name such as e2026";
        if (options.SecondSelector is not null && options.SecondKeyFile is null) yield return "Email__Dkim__SecondKeyFile: is required with Email__Dkim__SecondSelector";
        if (options.SecondKeyFile is not null && DkimKey.Fault(options.SecondKeyFile) is { } second) yield return $"Email__Dkim__SecondKeyFile: {second}";
    }

    // RFC 6376 section 3.1: sub-domains of RFC 5321.
    private static bool IsName(string? name) => name is { Length: > 0 and <= 253 }
        && name.Split('.').All(label => label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'));
}

using System.Text;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>
/// The section <c>Connect</c>: lets browsers register their own push subscriptions here, with the connect token that the site gives them for the relay.
/// Unset, only the site's server can, with its API key.
/// </summary>
public sealed class ConnectOptions
{
    public const string Section = "Connect";

    /// <summary>
    /// The secret that the site signs connect tokens with (HS256): its UTF-8 bytes, at least 32 of them; the relay's own key. Unset, connect tokens are refused.
    /// </summary>
    public string? SigningKey { get; set; }

    /// <summary>The origins whose pages may call (CORS), such as <c>https://acme.example</c>; <c>Connect__Origins__0</c> and so on. Default none.</summary>
    public IList<string> Origins { get; } = [];
}

/// <summary>Refuses a key that could be guessed, and origins that no browser would ever send. Never repeats the key.</summary>
internal sealed class ConnectOptionsValidator : IValidateOptions<ConnectOptions>
{
    public ValidateOptionsResult Validate(string? name, ConnectOptions options)
    {
        List<string> failures = [];
        if (options.SigningKey is { } key && Encoding.UTF8.GetByteCount(key) < 32)
            failures.Add("Connect__SigningKey: must be at least 32 bytes (RFC 7518 section 3.2), such as from: openssl rand -base64 32");
        foreach (var (i, origin) in options.Origins.Index())
            if (!IsOrigin(origin)) failures.Add($"Connect__Origins__{i}: must be an origin as browsers send it, such as https://acme.example: scheme, host in lower case, and port where it is not the usual one");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    /// <summary>RFC 6454 section 6.2: browsers send ASCII, in lower case, and no slash behind it.</summary>
    private static bool IsOrigin(string? text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
        && text == $"{uri.Scheme}://{uri.IdnHost}{(uri.IsDefaultPort ? "" : $":{uri.Port}")}";
}

using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>Each failure names the setting in its environment form; what a push service would only refuse later is refused at the start.</summary>
internal sealed class WebPushOptionsValidator(IHostEnvironment environment) : IValidateOptions<WebPushOptions>
{
    public ValidateOptionsResult Validate(string? name, WebPushOptions options)
    {
        List<string> failures = [];
        if (string.IsNullOrEmpty(options.PublicKey) != string.IsNullOrEmpty(options.PrivateKey))
            failures.Add($"WebPush__{(string.IsNullOrEmpty(options.PublicKey) ? "PublicKey" : "PrivateKey")}: is not set, but the other key is; the command vapid makes a pair");
        else if (options.IsOn)
        {
            if (VapidKeys.TryParse(options.PublicKey!, options.PrivateKey!, out var fault) is null) failures.Add($"WebPush__{fault.Member}: {fault.Reason}");
            if (VapidToken.SubjectFault(options.Subject) is { } reason) failures.Add($"WebPush__Subject: {reason}");
        }
        failures.AddRange(Previous(options));
        for (var i = 0; i < options.AllowedHosts.Count; i++)
            if (!IsHostOrBelow(options.AllowedHosts[i]))
                failures.Add($"WebPush__AllowedHosts__{i}: must be a host such as push.example.org, or *.example.org");
        if (options.AllowLoopback && !environment.IsDevelopment()) failures.Add("WebPush__AllowLoopback: is for development only");
        if (options.Concurrency is < 1 or > 10_000) failures.Add("WebPush__Concurrency: must be from 1 to 10000");
        if (options.Timeout < TimeSpan.FromSeconds(1) || options.Timeout > TimeSpan.FromSeconds(60)) failures.Add("WebPush__Timeout: must be from 00:00:01 to 00:01:00");
        if (options.Lease <= options.Timeout || options.Lease > TimeSpan.FromMinutes(10)) failures.Add("WebPush__Lease: must be longer than WebPush__Timeout, to 00:10:00");
        for (var i = 0; i < options.Retries.Count; i++) Pause($"Retries__{i}", options.Retries[i]);
        Pause(nameof(options.KeyPause), options.KeyPause);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Pause(string setting, TimeSpan value)
        {
            if (environment.IsDevelopment() ? value <= TimeSpan.Zero : value < TimeSpan.FromSeconds(1) || value > TimeSpan.FromHours(24))
                failures.Add($"WebPush__{setting}: must be from 00:00:01 to 1.00:00:00");
        }
    }

    private static IEnumerable<string> Previous(WebPushOptions options)
    {
        var (hasPublic, hasPrivate) = (!string.IsNullOrEmpty(options.PreviousPublicKey), !string.IsNullOrEmpty(options.PreviousPrivateKey));
        if (hasPublic != hasPrivate) yield return $"WebPush__Previous{(hasPublic ? "PrivateKey" : "PublicKey")}: is not set, but the other previous key is";
        else if (hasPublic && !options.IsOn) yield return "WebPush__PreviousPublicKey: is set, but WebPush__PublicKey is not";
        else if (hasPublic && VapidKeys.TryParse(options.PreviousPublicKey!, options.PreviousPrivateKey!, out var fault) is null) yield return $"WebPush__Previous{fault.Member}: {fault.Reason}";
        else if (hasPublic && options.PreviousPublicKey!.TrimEnd('=') == options.PublicKey!.TrimEnd('=')) yield return "WebPush__PreviousPublicKey: is the same as WebPush__PublicKey";
    }

    /// <summary>In ASCII, since that is what endpoints are compared in; and not a whole top-level domain.</summary>
    private static bool IsHostOrBelow(string entry)
    {
        var host = entry.StartsWith("*.", StringComparison.Ordinal) ? entry[2..] : entry;
        return Uri.CheckHostName(host) == UriHostNameType.Dns && host.All(char.IsAscii) && !host.EndsWith('.') && (host == entry || host.Contains('.'));
    }
}

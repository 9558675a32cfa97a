using Microsoft.Extensions.Options;

namespace Notifier.Relay;

internal sealed class RelayOptionsValidator : IValidateOptions<RelayOptions>
{
    /// <summary>The worker's sweep decides what the relay has not decided by then.</summary>
    private static readonly TimeSpan Decision = TimeSpan.FromSeconds(10);

    private const int LargestFrame = 64 * 1024;

    public ValidateOptionsResult Validate(string? name, RelayOptions options)
    {
        List<string> failures = [];
        foreach (var url in (options.Urls ?? "").Split(';'))
            if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)) failures.Add("Relay__Urls: must be http:// addresses; TLS ends in front of the relay");
        if (options.NatsSubject is null || options.NatsSubject.Split('.').Any(token => token.Length == 0 || token.Any(c => c is '*' or '>' || char.IsWhiteSpace(c))))
            failures.Add("Relay__NatsSubject: must be a NATS subject such as notifier.relay, without * and >");
        foreach (var property in typeof(RelayOptions).GetProperties())
        {
            var positive = property.GetValue(options) switch
            {
                TimeSpan time => time > TimeSpan.Zero && time <= TimeSpan.FromDays(1),
                int number => number > 0,
                long number => number > 0,
                _ => true,
            };
            if (!positive) failures.Add($"Relay__{property.Name}: must be more than 0{(property.PropertyType == typeof(TimeSpan) ? " and at most a day" : "")}");
        }
        if (options.AckHidden + options.AckProbe >= Decision || options.AckVisible + options.AckProbe >= Decision)
            failures.Add("Relay__AckProbe: with Relay__AckVisible or Relay__AckHidden it must be less than 10 s, when the worker decides by itself");
        if (options.QueueBytes is > 0 and < LargestFrame) failures.Add($"Relay__QueueBytes: must be at least {LargestFrame}, the largest frame");
        if (options.Grace >= Decision) failures.Add("Relay__Grace: must be less than 10 s, when the worker decides by itself");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}

using Microsoft.Extensions.Options;

namespace Notifier.Worker.Operations;

/// <summary>Each failure names the setting in its environment form and says what would be right.</summary>
internal sealed class AlarmOptionsValidator : IValidateOptions<AlarmOptions>
{
    public ValidateOptionsResult Validate(string? name, AlarmOptions options)
    {
        List<string> failures = [];
        Span(nameof(options.Sweep), options.Sweep, TimeSpan.FromMinutes(5));
        Span(nameof(options.Tolerance), options.Tolerance, TimeSpan.FromMinutes(5));
        Span(nameof(options.LockTimeout), options.LockTimeout, TimeSpan.FromMinutes(10));
        Span(nameof(options.InvisibilityTimeout), options.InvisibilityTimeout, TimeSpan.FromMinutes(30));
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        void Span(string setting, TimeSpan value, TimeSpan most)
        {
            if (value < TimeSpan.FromSeconds(1) || value > most) failures.Add($"Alarms__{setting}: must be from 00:00:01 to {most}; it is {value}");
        }
    }
}

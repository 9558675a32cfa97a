using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Notifier.Worker.Intake.Nats;

internal sealed partial class NatsIntakeOptionsValidator : IValidateOptions<NatsIntakeOptions>
{
    public ValidateOptionsResult Validate(string? name, NatsIntakeOptions options)
    {
        List<string> failures = [];
        if (!Name().IsMatch(options.Stream)) failures.Add("Nats__Stream: must be a name without dots, stars, greater-than signs, slashes and spaces");
        if (!Name().IsMatch(options.Consumer)) failures.Add("Nats__Consumer: must be a name without dots, stars, greater-than signs, slashes and spaces");
        if (!Subject().IsMatch(options.Subject)) failures.Add("Nats__Subject: must be a subject of at least two tokens, such as notifier.events.*; its last token is the site, and > is not taken");
        if (options.AckWait < TimeSpan.FromSeconds(1) || options.AckWait > TimeSpan.FromMinutes(10)) failures.Add("Nats__AckWait: must be between 00:00:01 and 00:10:00");
        if (options.BatchSize is < 1 or > 1000) failures.Add("Nats__BatchSize: must be between 1 and 1000");
        if (options.Lanes is < 1 or > 16) failures.Add("Nats__Lanes: must be between 1 and 16");
        if (options.MaxAckPending < options.BatchSize) failures.Add("Nats__MaxAckPending: must be at least Nats__BatchSize");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    [GeneratedRegex(@"\A[^.*>\\/\s]+\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A([^.*>\s]+|\*)(\.([^.*>\s]+|\*))+\z")]
    private static partial Regex Subject();
}

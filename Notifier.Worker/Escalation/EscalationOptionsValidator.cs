using Microsoft.Extensions.Options;

namespace Notifier.Worker.Escalation;

/// <summary>Each failure names the setting in its environment form and says what would be right.</summary>
internal sealed class EscalationOptionsValidator(IHostEnvironment environment) : IValidateOptions<EscalationOptions>
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1), Day = TimeSpan.FromHours(24);

    public ValidateOptionsResult Validate(string? name, EscalationOptions options)
    {
        List<string> failures = [];
        Span(nameof(options.ActiveWait), options.ActiveWait, TimeSpan.FromSeconds(1), Day);
        Span(nameof(options.OnlineWait), options.OnlineWait, TimeSpan.FromSeconds(1), Day);
        Span(nameof(options.IdleWait), options.IdleWait, TimeSpan.FromSeconds(1), Day);
        Span(nameof(options.PresenceLease), options.PresenceLease, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(10));
        Span(nameof(options.EmailDelay), options.EmailDelay, Minute, Day);
        Span(nameof(options.GroupEmailDelay), options.GroupEmailDelay, Minute, Day);
        Span(nameof(options.EmailDelayFloor), options.EmailDelayFloor, TimeSpan.FromSeconds(1), Day);
        Span(nameof(options.MaxPresenceDelay), options.MaxPresenceDelay, Minute, Day);
        Span(nameof(options.QuietPeriod), options.QuietPeriod, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Span(nameof(options.MaxQuietWait), options.MaxQuietWait, TimeSpan.FromSeconds(1), Day);
        Span(nameof(options.StaleAfter), options.StaleAfter, TimeSpan.FromHours(1), TimeSpan.FromDays(28));
        Span(nameof(options.PushTtl), options.PushTtl, TimeSpan.FromSeconds(1), TimeSpan.FromDays(28));
        Span(nameof(options.SubscriptionUnusedAfter), options.SubscriptionUnusedAfter, TimeSpan.FromDays(1), TimeSpan.FromDays(3650));
        for (var i = 0; i < options.EmailLadder.Count; i++) Span($"EmailLadder__{i}", options.EmailLadder[i], Minute, TimeSpan.FromDays(28));
        Number(nameof(options.EmailsPerConversation), options.EmailsPerConversation, 1, 1000);
        Number(nameof(options.EmailsPerRecipient), options.EmailsPerRecipient, 1, 10_000);
        Number(nameof(options.DigestAbove), options.DigestAbove, 1, 1000);
        Number(nameof(options.MessagesShown), options.MessagesShown, 1, 10);
        Number(nameof(options.SubscriptionsPerRecipient), options.SubscriptionsPerRecipient, 1, 1000);
        Number(nameof(options.Lanes), options.Lanes, 1, 64);
        Number(nameof(options.BatchSize), options.BatchSize, 1, 10_000);
        if (options.Poll < TimeSpan.FromMilliseconds(10) || options.Poll > Minute) failures.Add($"Escalation__Poll: must be from 00:00:00.010 to {Minute}");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);

        // In development a person wants to watch the ladder in seconds.
        void Span(string setting, TimeSpan value, TimeSpan min, TimeSpan max)
        {
            if (environment.IsDevelopment() ? value <= TimeSpan.Zero : value < min || value > max)
                failures.Add($"Escalation__{setting}: must be from {min} to {max}{(environment.IsDevelopment() ? ", or in development anything above zero" : "")}; it is {value}");
        }

        void Number(string setting, int value, int min, int max)
        {
            if (value < min || value > max) failures.Add($"Escalation__{setting}: must be from {min} to {max}; it is {value}");
        }
    }
}

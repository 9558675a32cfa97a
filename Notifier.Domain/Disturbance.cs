namespace Notifier.Domain;

/// <summary>Quiet hours, and do not disturb: everything waits for their end, unless something in it is urgent.</summary>
internal static class Disturbance
{
    public static Ruling? Holds(RecipientState recipient, IReadOnlyList<UnseenMessage> eligible, DateTimeOffset now) =>
        !eligible.Any(m => m.Urgent) && End(recipient, now) is { } end ? Ruling.Wait(Reason.QuietHours, end) : null;

    /// <summary>Windows that cover the whole week hold for ever: what has grown too old behind them has nothing left to wait for.</summary>
    public static bool NeverEnds(RecipientState recipient, DateTimeOffset now) => End(recipient, now) > now.AddDays(7);

    private static DateTimeOffset? End(RecipientState recipient, DateTimeOffset now)
    {
        if (recipient.Profile is not { } profile) return null;
        var undisturbed = profile.Preferences.DoNotDisturbUntil is { } until && now < until ? until.ToUniversalTime() : (DateTimeOffset?)null;
        // Who is left alone until midnight sleeps on then.
        return profile.Preferences.QuietHours.Count == 0 ? undisturbed : QuietHours.End(profile.Preferences.QuietHours, profile.TimeZone, undisturbed ?? now) ?? undisturbed;
    }
}

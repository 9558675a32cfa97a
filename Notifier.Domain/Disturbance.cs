namespace Notifier.Domain;

/// <summary>Quiet hours: everything waits for their end, unless something in it is urgent.</summary>
internal static class Disturbance
{
    public static Ruling? Holds(RecipientState recipient, IReadOnlyList<UnseenMessage> eligible, DateTimeOffset now) =>
        recipient.Profile is { Preferences.QuietHours.Count: > 0 } profile
        && !eligible.Any(m => m.Urgent)
        && QuietHours.End(profile.Preferences.QuietHours, profile.TimeZone, now) is { } end
            ? Ruling.Wait(Reason.QuietHours, end) : null;
}

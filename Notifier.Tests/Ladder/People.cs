using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>The person of the tests, and the same person with something changed.</summary>
internal static class People
{
    /// <summary>Registered, with an address and a device, and no wishes of their own.</summary>
    public static RecipientState Usual { get; } = new()
    {
        Key = new RecipientKey(Happening.Site, Happening.Person),
        Profile = new RecipientProfile(HasAddress: true, AddressSuppressed: false, Unsubscribed: false, TimeZoneInfo.Utc, NotificationPreferences.Default),
        HasPushSubscription = true,
    };

    public static RecipientState WithoutDevice { get; } = Usual with { HasPushSubscription = false };

    public static RecipientState Unknown { get; } = WithoutDevice with { Profile = null };

    public static RecipientState With(this RecipientState person, Func<RecipientProfile, RecipientProfile> change) => person with { Profile = change(person.Profile!) };

    public static RecipientState Wishing(this RecipientState person, Func<NotificationPreferences, NotificationPreferences> change) =>
        person.With(p => p with { Preferences = change(p.Preferences) });

    public static RecipientState Wishing(this RecipientState person, string conversation, ConversationPreference preference) =>
        person.Wishing(p => p with { Conversations = new Dictionary<string, ConversationPreference>(p.Conversations) { [conversation] = preference } });

    public static RecipientState Quiet(this RecipientState person, TimeOnly from, TimeOnly to, TimeZoneInfo? zone = null) =>
        person.With(p => p with { TimeZone = zone ?? p.TimeZone }).Wishing(p => p with { QuietHours = [new QuietHours([], from, to)] });

    /// <summary>Quiet from an hour before the tests' start to an hour after it.</summary>
    public static RecipientState QuietNow(this RecipientState person) => person.Quiet(new TimeOnly(8, 0), new TimeOnly(10, 0));
}

using System.Globalization;
using System.Text.Json;

namespace Notifier.Domain;

/// <summary>Reads a person's preferences from the JSON of <c>PUT …/recipients/{id}</c>; the same JSON is what the database keeps.</summary>
internal static class NotificationPreferencesReader
{
    /// <param name="members">The preferences object.</param>
    /// <param name="shortestDelay">The least email delay that is taken: 1 min, save in development.</param>
    public static NotificationPreferences Read(JsonMembers members, TimeSpan shortestDelay) => new()
    {
        Email = members.Flag("email", otherwise: true),
        Push = members.Flag("push", otherwise: true),
        EmailDelay = members.OptionalDuration("emailDelay", shortestDelay, TimeSpan.FromHours(24)),
        QuietHours = members.Has("quietHours") ? [.. members.Objects("quietHours", 50, mayBeEmpty: true).Select(QuietHours)] : [],
        DoNotDisturbUntil = members.OptionalTime("doNotDisturbUntil"),
        Conversations = members.Has("conversations")
            ? members.Object("conversations").Children(10_000).ToDictionary(c => c.Name, c => Conversation(c.Members)) : NotificationPreferences.Default.Conversations,
    };

    /// <summary>Reads what the database keeps, which was validated when it came in.</summary>
    public static NotificationPreferences ReadStored(string json)
    {
        using var document = JsonDocument.Parse(json);
        return Read(new JsonMembers(document.RootElement, "$", new JsonMembers.Faults()), TimeSpan.Zero);
    }

    private static QuietHours QuietHours(JsonMembers hours) => new(
        hours.Integers("days", 1, 7), Time(hours, "from"), Time(hours, "to"));

    private static TimeOnly Time(JsonMembers hours, string name)
    {
        if (TimeOnly.TryParseExact(hours.Id(name, 5), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)) return time;
        hours.Fault(name, "must be a time of day such as 22:00");
        return default;
    }

    private static ConversationPreference Conversation(JsonMembers preference) => new(
        preference.Has("level")
            ? preference.Word("level", ("all", ConversationLevel.All), ("mentions", ConversationLevel.Mentions), ("none", ConversationLevel.None)) : ConversationLevel.All,
        preference.OptionalTime("mutedUntil"));
}

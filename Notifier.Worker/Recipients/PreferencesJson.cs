using System.Globalization;
using System.Text.Json.Nodes;
using Notifier.Domain;

namespace Notifier.Worker.Recipients;

/// <summary>Writes preferences as <see cref="NotificationPreferencesReader"/> reads them: what is not as by default, and nothing that nobody here knows.</summary>
internal static class PreferencesJson
{
    public static string Write(NotificationPreferences preferences)
    {
        var json = new JsonObject();
        if (!preferences.Email) json["email"] = false;
        if (!preferences.Push) json["push"] = false;
        if (preferences.EmailDelay is { } delay) json["emailDelay"] = delay.ToString("c", CultureInfo.InvariantCulture);
        if (preferences.QuietHours.Count > 0) json["quietHours"] = new JsonArray([.. preferences.QuietHours.Select(Hours)]);
        if (preferences.DoNotDisturbUntil is { } until) json["doNotDisturbUntil"] = until.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        var conversations = preferences.Conversations.Where(c => c.Value != new ConversationPreference()).ToArray();
        if (conversations.Length > 0) json["conversations"] = new JsonObject(conversations.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)Conversation(c.Value))));
        return json.ToJsonString();
    }

    private static JsonObject Hours(QuietHours hours) => new()
    {
        ["days"] = new JsonArray([.. hours.Days.Select(d => JsonValue.Create(d))]),
        ["from"] = hours.From.ToString("HH:mm", CultureInfo.InvariantCulture),
        ["to"] = hours.To.ToString("HH:mm", CultureInfo.InvariantCulture),
    };

    private static JsonObject Conversation(ConversationPreference preference)
    {
        var json = new JsonObject { ["level"] = preference.Level.ToString().ToLowerInvariant() };
        if (preference.MutedUntil is { } until) json["mutedUntil"] = until.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        return json;
    }
}

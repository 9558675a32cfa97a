using System.Text.Json;
using System.Text.Json.Nodes;
using Notifier.Domain;

namespace Notifier.Worker.Recipients;

/// <summary>
/// Takes a person out of an event that waits, or lies among the dead letters. What others are to be told stays: of a message to several only the
/// person's part goes, and a message the person wrote goes on, but no longer says who wrote it.
/// </summary>
internal static class ErasedEvent
{
    /// <summary>Stands in for whoever wrote a message and was erased since. No site's id: brackets are nobody's habit.</summary>
    public const string SenderId = "(erased)", SenderName = "Someone";

    /// <returns>The very same string where the person is not in it; null where nothing else is in it; else what is left.</returns>
    public static string? Without(string body, RecipientKey person)
    {
        try
        {
            if (JsonNode.Parse(body) is not JsonObject root || IsOfAnotherSite(root, person)) return body;
            if (Concerns(root, person)) return null;
            // Refused as another site's, and kept with the way it came: without the person it is not worth keeping.
            if (Member(root, "event") is JsonObject refused && refused.ToJsonString() is var text) return Without(text, person) == text ? body : null;
            if (Member(root, "data") is not JsonObject data) return body;
            var changed = HideSender(data, person);
            if (Member(data, "recipients") is JsonArray recipients && recipients.RemoveAll(r => Is(Member(r as JsonObject, "id"), person.Recipient)) > 0)
            {
                if (recipients.Count == 0) return null;
                changed = true;
            }
            return changed ? root.ToJsonString() : body;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // Not JSON, a member twice, or half of a surrogate pair: nobody can read it, so that nothing is lost with it.
            return body.Contains($"\"{person.Recipient}\"", StringComparison.Ordinal) ? null : body;
        }
    }

    private static bool IsOfAnotherSite(JsonObject root, RecipientKey person) =>
        Member(Member(root, "data") as JsonObject ?? root, "site") is JsonValue site && !Is(site, person.Site);

    /// <summary>Seen, presence, our own events and the dead letters of emails and push messages name one recipient, on whatever level.</summary>
    private static bool Concerns(JsonObject node, RecipientKey person) =>
        Is(Member(node, "recipient"), person.Recipient)
        || node.Any(m => m.Value is JsonObject inner && !IsOfAnotherSite(inner, person) && Concerns(inner, person));

    private static bool HideSender(JsonObject data, RecipientKey person)
    {
        if (Member(data, "message") is not JsonObject message || !Is(Member(Member(message, "sender") as JsonObject, "id"), person.Recipient)) return false;
        message["sender"] = new JsonObject { ["id"] = SenderId, ["name"] = SenderName };
        return true;
    }

    private static JsonNode? Member(JsonObject? node, string name) => node?.FirstOrDefault(m => m.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static bool Is(JsonNode? node, string text) => node is JsonValue value && value.TryGetValue<string>(out var written) && written == text;
}

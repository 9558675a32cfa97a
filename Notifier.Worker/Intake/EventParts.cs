using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Notifier.Domain;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Intake;

/// <summary>Cuts an event into one part for each shard it concerns: everything about one person is decided in that person's shard. The SQL function <c>notifier.parts</c> does the same behind <c>notifier.publish</c>.</summary>
internal static class EventParts
{
    /// <param name="read">The event as read; null for one of an unknown type, which becomes a dead letter.</param>
    public static IEnumerable<Arrival> Of(EventEnvelope envelope, JsonElement element, RelayEvent? read)
    {
        if (read is not RelayEvent.MessageOutcome outcome) return [new Arrival(envelope.Source, envelope.Id, ShardOf(read), Utf8(element), read?.Site ?? "")];

        if (outcome.Recipients is [var only]) return [new Arrival(envelope.Source, envelope.Id, Shard.Of(outcome.Site, only.Id), Utf8(element), outcome.Site)];
        var groups = outcome.Recipients.Select((r, i) => (Index: i, Shard: Shard.Of(outcome.Site, r.Id))).GroupBy(r => r.Shard, r => r.Index).ToArray();
        return groups.Length == 1
            ? [new Arrival(envelope.Source, envelope.Id, groups[0].Key, Utf8(element), outcome.Site)]
            : groups.Select(g => new Arrival(envelope.Source, envelope.Id, g.Key, WithRecipients(element, [.. g]), outcome.Site));
    }

    private static byte[] Utf8(JsonElement element) => JsonMarshal.GetRawUtf8Value(element).ToArray();

    private static short ShardOf(RelayEvent? read) => read switch
    {
        RelayEvent.ConversationSeen e => Shard.Of(e.Site, e.Recipient),
        RelayEvent.PresenceChanged e => Shard.Of(e.Site, e.Recipient),
        RelayEvent.MessageEdited e => Shard.Of(e.Site, e.Conversation),
        RelayEvent.MessageDeleted e => Shard.Of(e.Site, e.Conversation),
        RelayEvent.RelayAlive e => Shard.Of(e.Site, ""),
        _ => 0,
    };

    /// <summary>A lone <c>\ud800</c> is a well-formed name in JSON, and no text. Nobody can have meant anything by it.</summary>
    private static bool HasName(JsonProperty member)
    {
        try
        {
            return member.Name is not null;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static byte[] WithRecipients(JsonElement element, HashSet<int> kept)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var member in element.EnumerateObject().Where(HasName))
            {
                writer.WritePropertyName(member.Name);
                if (member.NameEquals("data")) WriteData(writer, member.Value, kept);
                else writer.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
            }
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteData(Utf8JsonWriter writer, JsonElement data, HashSet<int> kept)
    {
        writer.WriteStartObject();
        foreach (var member in data.EnumerateObject().Where(HasName))
        {
            writer.WritePropertyName(member.Name);
            if (!member.NameEquals("recipients"))
            {
                writer.WriteRawValue(member.Value.GetRawText(), skipInputValidation: true);
                continue;
            }
            writer.WriteStartArray();
            foreach (var (i, recipient) in member.Value.EnumerateArray().Index())
                if (kept.Contains(i)) writer.WriteRawValue(recipient.GetRawText(), skipInputValidation: true);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }
}

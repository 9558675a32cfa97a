using System.Runtime.InteropServices;
using System.Text.Json;
using Notifier.Relay.Outcomes;
using Notifier.Relay.Publish;
using Notifier.Relay.Storage;

namespace Notifier.Relay.Fanout.Nats;

/// <summary>Messages that one node has accepted, in the order of their rows.</summary>
/// <param name="Behind">The row that this node accepted before; 0: none. Who does not know it has missed something.</param>
internal sealed record AcceptedGroup(long Behind, List<(long Row, PublishedMessage Message)> Messages);

/// <summary>What nodes say to each other over NATS, as JSON. A message's event goes as its recipients get it, byte for byte.</summary>
internal static class NodeMessages
{
    /// <summary>A group is cut after so many bytes: NATS takes 1 MiB by default.</summary>
    private const int GroupBytes = 256 * 1024;

    /// <summary>Recipients of a signal that go in one message.</summary>
    private const int SignalPeople = 1000;

    /// <param name="messages">In the order of their rows.</param>
    /// <param name="most">Bytes that the server takes. What does not fit is not said; what follows it lies behind a row that nobody knows, and is read from the database.</param>
    public static IEnumerable<byte[]> Accepted(long behind, IReadOnlyList<(long Row, PublishedMessage Message)> messages, int most)
    {
        for (var next = 0; next < messages.Count;)
        {
            var from = next;
            var bytes = 0;
            while (next < messages.Count && (next == from || bytes < GroupBytes) && Size(messages[next].Message) is var size && bytes + size < most)
            {
                bytes += size;
                next++;
            }
            if (next > from)
            {
                yield return Accepted(behind, messages, from, next);
                behind = messages[next - 1].Row;
            }
            else
            {
                behind = messages[next++].Row;
                yield return Accepted(behind, messages, next, next);
            }
        }
    }

    public static IEnumerable<byte[]> Signal(Signal signal) => signal.Recipients.Chunk(SignalPeople).Select(people => RelaxedJson.Write(json =>
    {
        json.WriteString("s", signal.Site);
        Strings(json, "to", people);
        json.WritePropertyName("f");
        json.WriteRawValue(signal.Frame, skipInputValidation: true);
    }).ToArray());

    /// <exception cref="JsonException">It is not what a node of this version says; so are <see cref="KeyNotFoundException"/> and <see cref="InvalidOperationException"/>.</exception>
    public static AcceptedGroup ReadAccepted(byte[] data)
    {
        using var document = JsonDocument.Parse(data);
        return new AcceptedGroup(document.RootElement.GetProperty("p").GetInt64(), [.. document.RootElement.GetProperty("r").EnumerateArray().Select(row =>
        {
            var tail = row.GetProperty("e");
            var content = tail.GetProperty("d");
            return (row.GetProperty("i").GetInt64(), new PublishedMessage(
                row.GetProperty("s").GetString()!, tail.GetProperty("id").GetString()!, Strings(row.GetProperty("to")), tail.GetProperty("tag").GetString()!,
                content.GetProperty("seq").GetInt64(), content.GetProperty("sender").GetProperty("id").GetString()!, [], JsonMarshal.GetRawUtf8Value(tail).ToArray()));
        })]);
    }

    /// <inheritdoc cref="ReadAccepted"/>
    public static SignalRow ReadSignal(byte[] data)
    {
        using var document = JsonDocument.Parse(data);
        var root = document.RootElement;
        return new SignalRow(root.GetProperty("s").GetString()!, Strings(root.GetProperty("to")), root.GetProperty("f").GetRawText());
    }

    private static byte[] Accepted(long behind, IReadOnlyList<(long Row, PublishedMessage Message)> messages, int from, int to) => RelaxedJson.Write(json =>
    {
        json.WriteNumber("p", behind);
        json.WriteStartArray("r");
        for (var i = from; i < to; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("i", messages[i].Row);
            json.WriteString("s", messages[i].Message.Site);
            Strings(json, "to", messages[i].Message.To);
            json.WritePropertyName("e");
            json.WriteRawValue(messages[i].Message.Tail, skipInputValidation: true);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }).ToArray();

    /// <summary>At most; ids are short, and an escaped letter takes six bytes.</summary>
    private static int Size(PublishedMessage message) => message.Tail.Length + message.To.Sum(to => 6 * to.Length + 3) + 6 * message.Site.Length + 64;

    private static void Strings(Utf8JsonWriter json, string name, string[] values)
    {
        json.WriteStartArray(name);
        foreach (var value in values) json.WriteStringValue(value);
        json.WriteEndArray();
    }

    private static string[] Strings(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetString()!)];
}

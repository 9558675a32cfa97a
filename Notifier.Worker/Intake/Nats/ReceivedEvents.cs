using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Intake.Nats;

/// <summary>
/// A batch of messages, read: what goes to the inbox, and what is refused. Each message is one CloudEvent or an array of them, by the same rules as at <c>POST /v1/events</c>;
/// but nobody is there to hear a refusal, so that a bad event is set aside by itself, and the others of its message are taken.
/// </summary>
internal sealed class ReceivedEvents
{
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 32 };

    private readonly HashSet<(string Source, string Id)> _known = [];

    public List<Arrival> Arrivals { get; } = [];

    /// <summary>Each with a key of its own: refused again, it is the same letter.</summary>
    public List<(string Key, DeadLetter Letter)> Refused { get; } = [];

    /// <summary>The events by type.</summary>
    public Dictionary<string, int> Types { get; } = [];

    /// <summary>Of the messages that came with one.</summary>
    public List<string> Traces { get; } = [];

    /// <param name="subject">Its last token is the site that the publisher was let in for.</param>
    /// <param name="key">Names this message, however often it comes.</param>
    public void Add(string subject, byte[] data, string key, DateTimeOffset receivedAt)
    {
        var site = SiteOf(subject);
        if (data.Length > IntakeEndpoints.MaxBytes)
        {
            Refuse(key, site, "unreadable", "$ must be at most 4 MiB", Text(data));
            return;
        }
        try
        {
            using var document = JsonDocument.Parse(data, Json);
            Add(document.RootElement, subject, site, key, receivedAt);
        }
        catch (JsonException e)
        {
            Refuse(key, site, "unreadable", $"$ is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}", Text(data));
        }
    }

    private void Add(JsonElement root, string subject, string site, string key, DateTimeOffset receivedAt)
    {
        if (ForeignEvents.First(root, site) is null && EventDocument.Read(root, receivedAt, out _) is { } whole)
        {
            Take(whole);
            return;
        }
        if (root.ValueKind != JsonValueKind.Array || root.GetArrayLength() > EventDocument.MaxEvents)
        {
            AddOne(root, subject, site, key, receivedAt);
            return;
        }
        foreach (var (i, element) in root.EnumerateArray().Index()) AddOne(element, subject, site, $"{key}:{i}", receivedAt);
    }

    private void AddOne(JsonElement element, string subject, string site, string key, DateTimeOffset receivedAt)
    {
        var foreign = ForeignEvents.First(element, site);
        var read = EventDocument.Read(element, receivedAt, out var bad);
        if (read is not null && foreign is null) Take(read);
        else if (foreign is null) Refuse(key, site, "unreadable", bad!.ToString(), Text(element));
        // Nobody knows whose it is; and in this form a replay does not let it in as another site's.
        else Refuse(key, null, read is null ? "unreadable" : "foreign", read is null ? bad!.ToString() : $"{foreign} is not of the site that the subject names: {subject}", Wrapped(subject, element));
    }

    private void Take(EventDocument events)
    {
        foreach (var arrival in events.Arrivals)
            if (!_known.Contains((arrival.Source, arrival.Id))) Arrivals.Add(arrival);
        foreach (var arrival in events.Arrivals) _known.Add((arrival.Source, arrival.Id));
        foreach (var (type, count) in events.Types) Types[type] = Types.GetValueOrDefault(type) + count;
        Traces.AddRange(events.Traces);
    }

    private void Refuse(string key, string? site, string reason, string detail, string body) =>
        Refused.Add((key, new DeadLetter(site, "event", null, null, reason, detail, body)));

    private static string SiteOf(string subject) => Uri.UnescapeDataString(subject[(subject.LastIndexOf('.') + 1)..]).Replace('\0', '\ufffd');

    private static string Wrapped(string subject, JsonElement element) => $$"""{"subject":{{JsonSerializer.Serialize(subject)}},"event":{{Text(element)}}}""";

    private static string Text(JsonElement element) => Text(JsonMarshal.GetRawUtf8Value(element));

    /// <summary>As PostgreSQL can keep it.</summary>
    private static string Text(ReadOnlySpan<byte> data) => Encoding.UTF8.GetString(data).Replace('\0', '\ufffd');
}

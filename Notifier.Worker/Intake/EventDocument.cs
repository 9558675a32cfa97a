using System.Text.Json;
using Notifier.Domain;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Intake;

/// <summary>One request's worth of CloudEvents, read as a whole: all are good, or the first bad member is named.</summary>
/// <param name="Arrivals">What goes to the inbox.</param>
/// <param name="Sites">The sites that the events are of, each with the path of the first such event.</param>
/// <param name="Traces">Of the messages that came with one.</param>
/// <param name="Types">The events by type, each counted once.</param>
internal sealed record EventDocument(IReadOnlyList<Arrival> Arrivals, IReadOnlyDictionary<string, string> Sites, IReadOnlyDictionary<string, int> Types, IReadOnlyList<string> Traces, int Events)
{
    public const int MaxEvents = 1000;

    public static EventDocument? Read(JsonElement root, DateTimeOffset receivedAt, out Unreadable? bad)
    {
        bad = null;
        var single = root.ValueKind != JsonValueKind.Array;
        if (!single && root.GetArrayLength() > MaxEvents) bad = new Unreadable("$", $"must hold at most {MaxEvents} events");
        else if (!JsonText.IsUtf8(root)) bad = new Unreadable("$", "must be UTF-8 (RFC 8259 section 8.1)"); // the inbox keeps it as it is
        if (bad is not null) return null;

        var arrivals = new List<Arrival>();
        var types = new Dictionary<string, int>();
        var known = new HashSet<(string, string)>();
        var traces = new List<string>();
        var sites = new Dictionary<string, string>();
        foreach (var (i, element) in single ? [(0, root)] : root.EnumerateArray().Index())
        {
            var path = single ? "$" : $"$[{i}]";
            if (RelayEventReader.Read(element, receivedAt, out var envelope, out bad, path) is var read && (envelope is null || bad is { UnknownType: false })) return null;
            if (read is not null) sites.TryAdd(read.Site, path);
            if (read is RelayEvent.MessageOutcome { Message.TraceParent: { } trace }) traces.Add(trace);
            types[read is null ? "unknown" : envelope.Type] = types.GetValueOrDefault(read is null ? "unknown" : envelope.Type) + 1;
            if (known.Add((envelope.Source, envelope.Id))) arrivals.AddRange(EventParts.Of(envelope, element, read));
        }
        bad = null;
        return new EventDocument(arrivals, sites, types, traces, types.Values.Sum());
    }
}

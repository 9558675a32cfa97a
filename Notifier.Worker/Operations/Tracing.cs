using System.Diagnostics;

namespace Notifier.Worker.Operations;

/// <summary>
/// The spans of a message's way, in the trace that its event named (CloudEvents Distributed Tracing: <c>traceparent</c>). An event that names none has none. Tags come from
/// closed lists, sites and the origins of push services: nothing of a person is in them.
/// </summary>
internal static class Tracing
{
    public const string SourceName = "Notifier";

    private static readonly ActivitySource Source = new(SourceName);

    /// <summary>Whether anybody listens: without, nothing is to be worked out for them.</summary>
    public static bool IsOn => Source.HasListeners();

    /// <param name="name">What is done: <c>notifier.push</c>.</param>
    /// <param name="kind">Which side of it this is.</param>
    /// <param name="traceparent">The trace; null: none.</param>
    /// <param name="from">When it began; default: now.</param>
    /// <param name="others">Traces that it belongs to as well: an email tells of several messages.</param>
    /// <returns>Null: nobody listens, or there is no trace.</returns>
    public static Activity? Start(string name, ActivityKind kind, string? traceparent, DateTimeOffset from = default, IEnumerable<string>? others = null) =>
        traceparent is null || !IsOn || !ActivityContext.TryParse(traceparent, null, isRemote: true, out var parent) ? null
        : Source.StartActivity(name, kind, parent, tags: null, links: [.. (others ?? []).Select(Link).OfType<ActivityLink>()], startTime: from);

    private static ActivityLink? Link(string traceparent) => ActivityContext.TryParse(traceparent, null, isRemote: true, out var context) ? new ActivityLink(context) : null;
}

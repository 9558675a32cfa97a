using System.Diagnostics.Metrics;
using Notifier.Domain;
using Notifier.Worker.Intake.Nats;

namespace Notifier.Worker.Operations;

/// <summary>What operators can measure; the names and labels are a promise (docs/operations.md). Labels come from closed lists, and from the origins of push services.</summary>
internal sealed class NotifierMetrics
{
    public const string MeterName = "Notifier";

    private static readonly string[] EventTypes =
        ["message.outcome", "conversation.seen", "message.edited", "message.deleted", "presence.changed", "relay.alive"];

    private readonly Counter<long> _events, _decisions, _push, _email, _nats, _refused;
    private readonly Histogram<double> _timeToNotify;

    public NotifierMetrics(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _events = meter.CreateCounter<long>("notifier_events_total", description: "Events accepted, by type");
        _decisions = meter.CreateCounter<long>("notifier_decisions_total", description: "Decisions, by channel, verdict and reason");
        _push = meter.CreateCounter<long>("notifier_push_total", description: "Answers of push services, by origin and outcome");
        _email = meter.CreateCounter<long>("notifier_email_total", description: "Emails, by outcome");
        _nats = meter.CreateCounter<long>("notifier_nats_messages_total", description: "Messages taken from NATS, by result");
        _refused = meter.CreateCounter<long>("notifier_nats_refused_total", description: "Events from NATS that were set aside as dead letters, by reason");
        _timeToNotify = meter.CreateHistogram(
            "notifier_time_to_notify_seconds", description: "From the sending of a message to the acceptance of its notification", advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400],
            });
        foreach (var type in EventTypes) _events.Add(0, Label("type", type)); // so that the first event is an increase, and not the birth of a series

        Gauge("notifier_inbox_depth", "Events accepted and not yet decided", b => b.InboxDepth);
        Gauge("notifier_inbox_oldest_seconds", "Age of the oldest event that is not yet decided", b => b.InboxOldest.TotalSeconds);
        Gauge("notifier_escalations_open", "Conversations with something unseen in them", b => b.EscalationsOpen);
        Gauge("notifier_missed", "Messages unseen past twice their delay that nothing is about to decide; always 0", b => b.Missed);

        meter.CreateObservableGauge("notifier_nats_open", () => NatsDoor is { } door ? [new Measurement<int>(door.IsOpen ? 1 : 0)] : Array.Empty<Measurement<int>>(), description: "1: events are taken from NATS; 0: it is away");
        meter.CreateObservableGauge(
            "notifier_nats_pending", () => NatsDoor?.Pending is { } pending ? [new Measurement<long>(pending)] : Array.Empty<Measurement<long>>(), description: "Messages in the stream that no worker has in hand");

        void Gauge(string name, string description, Func<Backlog, double> value) =>
            meter.CreateObservableGauge(
                name, () => Backlog is { } backlog ? [new Measurement<double>(value(backlog))] : Array.Empty<Measurement<double>>(), description: description);
    }

    /// <summary>The last measurement; null: none that still holds.</summary>
    public Backlog? Backlog { get; set; }

    /// <summary>Null: events do not come by NATS here.</summary>
    public NatsDoor? NatsDoor { get; set; }

    public void FromNats(string result, int count) => _nats.Add(count, Label("result", result));

    public void RefusedFromNats(string reason, int count) => _refused.Add(count, Label("reason", reason));

    public void Received(string type, int count) => _events.Add(count, Label("type", type));

    public void Decided(Channel channel, Ruling ruling, int count = 1) =>
        _decisions.Add(count, Label("channel", channel.Word()), Label("verdict", ruling.Verdict.Word()), Label("reason", ruling.Reason.Word()));

    public void Pushed(string origin, string outcome) => _push.Add(1, Label("origin", origin), Label("outcome", outcome));

    public void Emailed(string outcome) => _email.Add(1, Label("outcome", outcome));

    public void Notified(Channel channel, TimeSpan sinceSent) => _timeToNotify.Record(Math.Max(0, sinceSent.TotalSeconds), Label("channel", channel.Word()));

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}

/// <summary>What waits at one moment.</summary>
internal sealed record Backlog(long InboxDepth, TimeSpan InboxOldest, long EscalationsOpen, long Missed);

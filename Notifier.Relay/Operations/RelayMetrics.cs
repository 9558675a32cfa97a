using System.Diagnostics.Metrics;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;
using Notifier.Relay.Fanout.Nats;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Operations;

/// <summary>What operators can measure; the names and labels are a promise (docs/operations.md). Labels come from closed lists.</summary>
internal sealed class RelayMetrics
{
    public const string MeterName = "Notifier.Relay";

    private readonly Counter<long> _published, _deliveries, _outcomes, _joined, _closed, _carried, _missed;

    public RelayMetrics(IMeterFactory meters, Reports reports)
    {
        var meter = meters.Create(MeterName);
        _published = meter.CreateCounter<long>("relay_published_total", description: "Messages published, by result");
        _deliveries = meter.CreateCounter<long>("relay_deliveries_total", description: "Events given to connections");
        _outcomes = meter.CreateCounter<long>("relay_outcomes_total", description: "What became of messages and was told, by outcome and reason");
        _joined = meter.CreateCounter<long>("relay_joined_total", description: "Connections welcomed, by recovery");
        _closed = meter.CreateCounter<long>("relay_closed_total", description: "Connections that the relay closed, by code");
        _carried = meter.CreateCounter<long>("relay_carried_total", description: "Messages of other nodes, by the way they came");
        _missed = meter.CreateCounter<long>("relay_nats_missed_total", description: "Times that something was missed over NATS, and read from the database");
        meter.CreateObservableGauge("relay_nats_open", () => Nats is { } nats ? [new Measurement<int>(nats.Carries ? 1 : 0)] : Array.Empty<Measurement<int>>(), description: "1: the fan-out goes over NATS; 0: it is away");
        meter.CreateObservableGauge("relay_reports_waiting", () => reports.Count, description: "Outcomes and facts not yet told to the notifier");
        meter.CreateObservableGauge("relay_connections", () => Connections?.Count ?? 0, description: "Connections now");
        _published.Add(0, Label("result", "accepted"));
        _deliveries.Add(0);
    }

    public ConnectionTable? Connections { get; set; }

    /// <summary>Null: not here.</summary>
    public NatsFanout? Nats { get; set; }

    public void Carried(string way, int count) => _carried.Add(count, Label("way", way));

    public void Missed() => _missed.Add(1);

    public void Published(string result, int count)
    {
        if (count > 0) _published.Add(count, Label("result", result));
    }

    public void Delivered(int connections) => _deliveries.Add(connections);

    public void Decided(string outcome, string reason, int count) => _outcomes.Add(count, Label("outcome", outcome), Label("reason", reason));

    public void Joined(Recovery recovery) => _joined.Add(1, Label("recovery", recovery switch { Recovery.Full => "full", Recovery.Gap => "gap", _ => "none" }));

    public void Closed(int code) => _closed.Add(1, Label("code", code));

    private static KeyValuePair<string, object?> Label(string name, object value) => new(name, value);
}

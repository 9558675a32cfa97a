using System.Diagnostics.Metrics;

namespace Notifier.Worker.Operations;

/// <summary>Remembers the last hour of this worker's own metrics, a reading every ten seconds, for the page Rates. The long memory is Prometheus's.</summary>
internal sealed class RateHistory(NotifierMetrics metrics, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private const int Kept = 360;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, double> _totals = [];
    private readonly Queue<Reading> _readings = new();
    private Dictionary<string, double> _before = [];

    /// <summary>Of one ten seconds.</summary>
    /// <param name="At">Their end.</param>
    /// <param name="Rates">A second, by counter.</param>
    /// <param name="Backlog">Null: not known then.</param>
    internal sealed record Reading(DateTimeOffset At, IReadOnlyDictionary<string, double> Rates, Backlog? Backlog);

    public IReadOnlyList<Reading> Readings
    {
        get { lock (_lock) return [.. _readings]; }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter.Name == NotifierMetrics.MeterName && instrument is Counter<long>) listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, count, _, _) =>
        {
            lock (_lock) _totals[instrument.Name] = _totals.GetValueOrDefault(instrument.Name) + count;
        });
        listener.Start();
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken)) Take();
    }

    internal void Take()
    {
        lock (_lock)
        {
            _readings.Enqueue(new Reading(clock.GetUtcNow(), _totals.ToDictionary(t => t.Key, t => (t.Value - _before.GetValueOrDefault(t.Key)) / Every.TotalSeconds), metrics.Backlog));
            if (_readings.Count > Kept) _readings.Dequeue();
            _before = new Dictionary<string, double>(_totals);
        }
    }
}

using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Notifier.Relay.Outcomes;

/// <summary>A fact for the notifier besides outcomes, as a CloudEvent in JSON.</summary>
/// <param name="Kept">Called when it is committed.</param>
internal sealed record Fact(string Event, Action? Kept = null);

/// <summary>A frame for people who may be connected to another node.</summary>
internal sealed record Signal(string Site, string[] Recipients, string Frame);

/// <summary>Who came or left, for the other nodes.</summary>
internal readonly record struct Attendance(string Site, string Recipient, bool Here);

/// <summary>What waits to be told to the database, in order of its coming; <see cref="Reporter"/> takes it in batches.</summary>
internal sealed class Reports
{
    /// <summary>While the database is away for long, what does not fit is left to the worker's sweep.</summary>
    public const int Most = 1_000_000;

    private readonly ConcurrentQueue<Outcome> _outcomes = new();
    private readonly ConcurrentQueue<Fact> _facts = new();
    private readonly ConcurrentQueue<Signal> _signals = new();
    private readonly ConcurrentQueue<Attendance> _attendances = new();
    private readonly Channel<bool> _bell = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private int _rung;

    public int Count => _outcomes.Count + _facts.Count;

    public void Add(in Outcome outcome)
    {
        if (_outcomes.Count >= Most) return;
        _outcomes.Enqueue(outcome);
        Ring();
    }

    public void Add(Fact fact)
    {
        if (_facts.Count >= Most) return;
        _facts.Enqueue(fact);
        Ring();
    }

    public void Add(Signal signal)
    {
        if (_signals.Count >= Most) return;
        _signals.Enqueue(signal);
        Ring();
    }

    public void Add(Attendance attendance)
    {
        _attendances.Enqueue(attendance);
        Ring();
    }

    public async Task WaitAsync(CancellationToken cancellation)
    {
        await _bell.Reader.ReadAsync(cancellation);
        Volatile.Write(ref _rung, 0);
    }

    /// <summary>Takes a batch; what is not told in the end is put back by keeping the batch.</summary>
    public ReportBatch Take(int most)
    {
        var batch = new ReportBatch([], [], [], []);
        while (batch.Outcomes.Count < most && _outcomes.TryDequeue(out var outcome)) batch.Outcomes.Add(outcome);
        while (batch.Facts.Count < most && _facts.TryDequeue(out var fact)) batch.Facts.Add(fact);
        while (batch.Signals.Count < most && _signals.TryDequeue(out var signal)) batch.Signals.Add(signal);
        while (batch.Attendances.Count < most && _attendances.TryDequeue(out var attendance)) batch.Attendances.Add(attendance);
        return batch;
    }

    private void Ring()
    {
        if (Volatile.Read(ref _rung) == 0 && Interlocked.Exchange(ref _rung, 1) == 0) _bell.Writer.TryWrite(true);
    }
}

/// <summary>What one transaction tells the database.</summary>
internal sealed record ReportBatch(List<Outcome> Outcomes, List<Fact> Facts, List<Signal> Signals, List<Attendance> Attendances)
{
    public bool IsEmpty => Outcomes.Count + Facts.Count + Signals.Count + Attendances.Count == 0;
}

namespace Notifier.Worker.Escalation;

/// <summary>The bells of one process: ringing says that there may be work. A lost ring costs only the poll's interval; the truth is in the tables.</summary>
internal sealed class Doorbells
{
    /// <summary>Something lies in the inbox.</summary>
    public Doorbell Inbox { get; } = new();

    /// <summary>Something lies in the push outbox.</summary>
    public Doorbell Push { get; } = new();
}

/// <summary>Wakes everyone who waits; a ring while nobody waits is kept for the next who does.</summary>
internal sealed class Doorbell
{
    private TaskCompletionSource _rung = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _toRing;

    public void Ring() => Volatile.Read(ref _rung).TrySetResult();

    /// <summary>For what is in no hurry: those that ring within the pause ring once, at its end.</summary>
    public void RingAfter(TimeSpan pause, TimeProvider clock)
    {
        if (Interlocked.Exchange(ref _toRing, 1) == 0) _ = LaterAsync();

        async Task LaterAsync()
        {
            await Task.Delay(pause, clock);
            Volatile.Write(ref _toRing, 0);
            Ring();
        }
    }

    /// <summary>Returns at the next ring, or after <paramref name="poll"/>.</summary>
    public async Task WaitAsync(TimeSpan poll, TimeProvider clock, CancellationToken cancellation)
    {
        var bell = Volatile.Read(ref _rung);
        try
        {
            await bell.Task.WaitAsync(poll, clock, cancellation);
        }
        catch (TimeoutException)
        {
        }
        if (bell.Task.IsCompleted) Interlocked.CompareExchange(ref _rung, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), bell);
    }
}

using Notifier.Relay.Fanout;

namespace Notifier.Relay.Connections;

/// <summary>A client without a WebSocket: frames wait here until it asks for them.</summary>
internal sealed class PollConnection(long now, RelayOptions options) : Connection(now, options)
{
    private readonly List<Frame> _waiting = [];
    private long _bytes, _allowance;
    private TaskCompletionSource? _news;

    /// <summary>The only secret of a connection that has no socket of its own.</summary>
    public string Key { get; init; } = "";

    public required EventLog Log { get; init; }

    /// <summary>For <c>GET /v1/poll</c>, which reads events from the log and no frames.</summary>
    public bool EventsOnly { get; init; }

    /// <summary>Called when its client has not asked for too long.</summary>
    public Action<PollConnection>? Abandoned { get; init; }

    /// <summary>How many are waiting for an answer right now.</summary>
    public int Asking { get; private set; }

    public long AskedAt { get; private set; } = now;

    /// <summary>Ends with the next that is to be said. Any number may wait for it, and it takes nothing.</summary>
    public Task News
    {
        get
        {
            lock (Gate)
            {
                if (IsClosed) return Task.CompletedTask;
                if (_news is null or { Task.IsCompleted: true }) _news = New();
                return _news.Task;
            }
        }
    }

    /// <summary>Counts a frame, or a poll that brings none.</summary>
    /// <returns>False: more than the limit.</returns>
    public bool Asks(long now)
    {
        lock (Gate)
        {
            AskedAt = now;
            return Received(now);
        }
    }

    /// <summary>Waits for <see cref="News"/>, for a time.</summary>
    public async Task WaitAsync(Task news, TimeSpan wait, Ticker ticker, CancellationToken cancellation)
    {
        lock (Gate) Asking++;
        try
        {
            await news.WaitAsync(wait, cancellation);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // Nothing came, or the client has hung up.
        }
        lock (Gate)
        {
            Asking--;
            AskedAt = ticker.Now;
        }
    }

    /// <summary>What there is, or what comes within a time; none where nothing does.</summary>
    public async Task<Frame[]> TakeAsync(TimeSpan wait, Ticker ticker, CancellationToken cancellation)
    {
        Task news;
        lock (Gate)
        {
            _news?.TrySetResult(); // an earlier poll of the same client: it is not waiting any more
            _news = New();
            if (_waiting.Count > 0 || IsClosed) _news.TrySetResult();
            news = _news.Task;
        }
        await WaitAsync(news, wait, ticker, cancellation);
        lock (Gate)
        {
            // A later poll of the same client has taken its place, and takes the frames: two that took of them could be answered in the other order.
            if (_news.Task != news) return [];
            LastSent = ticker.Now;
            if (cancellation.IsCancellationRequested) return [];
            // Nothing to say but where the log stands: as a ping does on a socket.
            Frame[] taken = _waiting.Count > 0 || !IsPlaced || IsClosed ? [.. _waiting] : [Log.Ping];
            _waiting.Clear();
            (_bytes, _allowance) = (0, 0);
            return taken;
        }
    }

    public override void Close(CloseCode code)
    {
        lock (Gate)
        {
            if (IsClosed) return;
            if (code == CloseCode.SlowConsumer) _waiting.Clear();
            _waiting.Add(RelayFrames.Bye(code));
            ClosedWith = code;
            _news?.TrySetResult();
        }
        Leave();
    }

    /// <summary>A client that asks is there: it needs no ping.</summary>
    public override void Tick(long now)
    {
        lock (Gate)
        {
            if (Asking > 0 || now - AskedAt <= Options.PollGone.TotalMilliseconds) return;
            HasEnded = true;
        }
        Leave();
        Abandoned?.Invoke(this);
    }

    public override void Allow(long bytes)
    {
        lock (Gate) _allowance += bytes;
    }

    protected override void Write(Frame frame)
    {
        if (EventsOnly)
        {
            _news?.TrySetResult();
            return;
        }
        _waiting.Add(frame);
        _bytes += frame.Bytes.Length;
        _news?.TrySetResult();
        if (_bytes > Options.QueueBytes + _allowance) Close(CloseCode.SlowConsumer);
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

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

    /// <summary>Somebody is waiting for the answer right now.</summary>
    public bool IsAsked { get; private set; }

    public long AskedAt { get; private set; } = now;

    /// <summary>What there is, or what comes within a time; none where nothing does.</summary>
    public async Task<Frame[]> TakeAsync(TimeSpan wait, Ticker ticker, CancellationToken cancellation)
    {
        Task news;
        lock (Gate)
        {
            _news?.TrySetResult(); // an earlier poll of the same client: it is not waiting any more
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_waiting.Count > 0 || IsClosed) _news.TrySetResult();
            news = _news.Task;
            IsAsked = true;
        }
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
            // A later poll of the same client has taken its place, and takes the frames: two that took of them could be answered in the other order.
            if (_news.Task != news) return [];
            IsAsked = false;
            AskedAt = ticker.Now;
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
            if (IsAsked || now - AskedAt <= Options.PollGone.TotalMilliseconds) return;
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
}

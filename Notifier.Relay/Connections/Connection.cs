using Notifier.Domain;
using Notifier.Relay.Fanout;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Connections;

/// <summary>One browser's connection, whatever carries it: what it was given and has not acknowledged, and its timers.</summary>
internal abstract class Connection(long now, RelayOptions options)
{
    private int _left;
    private bool _isPlaced;

    /// <summary>Called once, on a thread of the pool: nothing more will come of this connection.</summary>
    public Action<Connection>? Left { get; set; }

    /// <summary>Given and not acknowledged; more than this, and the oldest is forgotten.</summary>
    private const int MostUnacknowledged = 10_000;

    private readonly Queue<(Publication Publication, int Place)> _unacknowledged = new(0);
    private TokenBucket _frames = new(options.FramesPerSecond, options.FrameBurst, now);

    /// <summary>Guards what is written and what is not acknowledged.</summary>
    protected Lock Gate { get; } = new();

    protected RelayOptions Options => options;

    public string Id { get; set; } = "";

    /// <summary>Null until welcomed.</summary>
    public Person? Person { get; set; }

    public ConnectToken? Token { get; set; }

    public string? Device { get; set; }

    public Presence State { get; set; } = Presence.Idle;

    public string? Conversation { get; set; }

    public DateTimeOffset? LastActive { get; set; }

    /// <summary>By the ticker, as all times here.</summary>
    public long Since { get; } = now;

    public long LastReceived { get; private set; } = now;

    public long LastSent { get; protected set; } = now;

    /// <summary>When it was last told its place in the log: with an event, or with a ping.</summary>
    public long LastPlaced { get; protected set; } = now;

    /// <summary>It has all that it missed: from now on a ping may say where the log stands.</summary>
    public bool IsPlaced
    {
        get => Volatile.Read(ref _isPlaced);
        set => Volatile.Write(ref _isPlaced, value);
    }

    /// <summary>When a ping was sent that is not answered; 0: none.</summary>
    public long PingedAt { get; private set; }

    public long PingAfter { get; } = (long)(options.PingAfter.TotalMilliseconds * (0.8 + 0.4 * System.Security.Cryptography.RandomNumberGenerator.GetInt32(1000) / 1000));

    /// <summary>Hello was taken, and its answer is under way.</summary>
    public bool SaidHello { get; set; }

    /// <summary>The client has said that it leaves, or was told not to come back: no grace.</summary>
    public bool LeavesForGood { get; set; }

    public CloseCode? ClosedWith { get; protected set; }

    /// <summary>Nothing more is sent, or taken.</summary>
    public bool IsClosed => ClosedWith is not null || HasEnded;

    public bool HasEnded { get; protected set; }

    /// <returns>False: more frames than the limit.</returns>
    public bool Received(long now)
    {
        LastReceived = now;
        return _frames.Take(now);
    }

    public void Ponged() => PingedAt = 0;

    /// <param name="frame">A ping that says where the log stands (<see cref="EventLog.Ping"/>), or none.</param>
    public void Ping(long now, Frame? frame = null)
    {
        if (PingedAt != 0) return;
        PingedAt = Math.Max(1, now);
        if (frame is not null && IsPlaced) LastPlaced = now;
        Send(IsPlaced ? frame ?? RelayFrames.Ping : RelayFrames.Ping);
    }

    public void Send(Frame frame)
    {
        lock (Gate)
        {
            if (!IsClosed) Write(frame);
        }
    }

    /// <summary>An event; what was given stays noted until it is acknowledged.</summary>
    public void Deliver(Publication publication, int place)
    {
        lock (Gate)
        {
            if (IsClosed) return;
            Note(publication, place);
            LastPlaced = Environment.TickCount64;
            Write(publication.Event);
        }
    }

    /// <summary>An event that the client has by another way: to be acknowledged, and not sent.</summary>
    public void Expect(Publication publication, int place)
    {
        lock (Gate) Note(publication, place);
    }

    /// <summary>Everything up to an offset was opened.</summary>
    /// <param name="opened">Gets what that is.</param>
    public void Acknowledge(long offset, List<(Publication Publication, int Place)> opened)
    {
        lock (Gate)
        {
            while (_unacknowledged.TryPeek(out var first) && first.Publication.Offset <= offset) opened.Add(_unacknowledged.Dequeue());
        }
    }

    /// <summary>One that could not be opened: the acknowledgement of what comes after it says nothing of it, and nobody has read it here.</summary>
    public void PassOver(long offset)
    {
        lock (Gate)
        {
            for (var left = _unacknowledged.Count; left > 0; left--)
                if (_unacknowledged.Dequeue() is var given && given.Publication.Offset != offset) _unacknowledged.Enqueue(given);
        }
    }

    /// <summary>What was given and not acknowledged.</summary>
    public (Publication Publication, int Place)[] Unacknowledged
    {
        get { lock (Gate) return [.. _unacknowledged]; }
    }

    /// <summary>Says why, and closes. The first reason counts.</summary>
    public abstract void Close(CloseCode code);

    /// <summary>What the tick finds due beyond the timers that all connections share.</summary>
    public abstract void Tick(long now);

    /// <summary>Under <see cref="Gate"/>.</summary>
    protected abstract void Write(Frame frame);

    /// <summary>A moment in which more may be waiting than otherwise: the replay after a drop.</summary>
    public virtual void Allow(long bytes)
    {
    }

    protected void Leave()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0) ThreadPool.UnsafeQueueUserWorkItem(static connection => connection.Left?.Invoke(connection), this, preferLocal: false);
    }

    private void Note(Publication publication, int place)
    {
        if (_unacknowledged.Count >= MostUnacknowledged) _unacknowledged.Dequeue();
        _unacknowledged.Enqueue((publication, place));
    }
}

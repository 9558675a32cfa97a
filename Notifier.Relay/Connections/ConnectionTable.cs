using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Connections;

/// <summary>All connections of this node, and the timers they share. Each is looked at with every fifth tick, twice a second: cheaper than a timer each.</summary>
internal sealed class ConnectionTable
{
    private const int Turns = 5;

    private readonly Lock _lock = new();
    private readonly List<Connection> _all = [];
    private readonly Dictionary<Connection, int> _places = [];
    private readonly RelayOptions _options;
    private readonly TimeProvider _clock;
    private readonly EventLog _events;
    private int _turn;
    private volatile bool _isDraining;

    public ConnectionTable(IOptions<RelayOptions> options, TimeProvider clock, Ticker ticker, EventLog events)
    {
        (_options, _clock, _events) = (options.Value, clock, events);
        ticker.Ticked += Tick;
    }

    public int Count
    {
        get { lock (_lock) return _all.Count; }
    }

    public Connection[] All
    {
        get { lock (_lock) return [.. _all]; }
    }

    /// <summary>The node is about to end: nobody new is let in.</summary>
    public bool IsDraining
    {
        get => _isDraining;
        set => _isDraining = value;
    }

    public bool IsOverfull => Count > _options.MaxConnections;

    public void Add(Connection connection)
    {
        lock (_lock)
        {
            _places[connection] = _all.Count;
            _all.Add(connection);
        }
    }

    public void Remove(Connection connection)
    {
        lock (_lock)
        {
            if (!_places.Remove(connection, out var place)) return;
            var last = _all[^1];
            _all[place] = last;
            if (last != connection) _places[last] = place;
            _all.RemoveAt(_all.Count - 1);
        }
    }

    private void Tick(long now)
    {
        var utc = _clock.GetUtcNow();
        _turn = (_turn + 1) % Turns;
        for (var i = _turn; ; i += Turns)
        {
            Connection connection;
            lock (_lock)
            {
                if (i >= _all.Count) return;
                connection = _all[i];
            }
            Look(connection, now, utc);
        }
    }

    private void Look(Connection connection, long now, DateTimeOffset utc)
    {
        connection.Tick(now);
        if (connection.IsClosed) return;
        if (!connection.SaidHello)
        {
            if (now - connection.Since > _options.HelloTimeout.TotalMilliseconds) connection.Close(CloseCode.NoHello);
        }
        else if (connection.Token is { } token && token.Expires + ConnectToken.Leeway <= utc) connection.Close(CloseCode.TokenExpired);
        else if (connection.PingedAt is > 0 and var pinged)
        {
            if (now - pinged > _options.PongTimeout.TotalMilliseconds) connection.Close(CloseCode.NoPong);
        }
        else if (connection is not PollConnection && now - Math.Min(connection.LastPlaced, connection.LastReceived) > connection.PingAfter) connection.Ping(now, _events.Ping);
    }
}

using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Fanout;

/// <summary>Somebody who is connected here, or was until a moment ago. Changed by the lane only; who reads beside it sees one of the states in between.</summary>
internal sealed class Person(RecipientKey key)
{
    private volatile Connection[] _connections = [];

    public RecipientKey Key => key;

    public Connection[] Connections => _connections;

    /// <summary>Until when a connection that broke may come back, by the ticker; 0 while there is one.</summary>
    public long GraceUntil { get; set; }

    /// <summary>What was for the person while no connection was there to take it.</summary>
    public List<(Publication Publication, int Place)> Waiting { get; } = [];

    /// <summary>The most present of the connections, as it was last told.</summary>
    public Presence State { get; set; }

    /// <summary>Since when.</summary>
    public DateTimeOffset Since { get; set; }

    /// <summary>When somebody of whom no connection is left was last heard of here.</summary>
    public DateTimeOffset LeftAt { get; set; }

    /// <summary>How present another node has said that they are there, since they last came here, and since when; null: none, or not any more.</summary>
    public (Presence State, DateTimeOffset Since)? Elsewhere { get; set; }

    /// <summary>They have left, and turned up at another node: that one tells others of them.</summary>
    public bool HasMoved { get; set; }

    /// <summary>This node tells others that they are there, as they may be back in a moment where no connection is left.</summary>
    public bool IsPresent => State != Presence.Offline && !HasMoved;

    /// <summary>The conversation that is open; with <see cref="Presence.Active"/>.</summary>
    public string? Conversation { get; set; }

    /// <summary>The last input.</summary>
    public DateTimeOffset? LastActive { get; set; }

    public bool IsVisible => State >= Presence.Online;

    public void Add(Connection connection) => _connections = [.. _connections, connection];

    public bool Remove(Connection connection)
    {
        var left = _connections.Where(c => c != connection).ToArray();
        var was = left.Length < _connections.Length;
        _connections = left;
        return was;
    }

    public void Deliver(Publication publication, int place)
    {
        var connections = _connections;
        if (connections.Length == 0) Waiting.Add((publication, place));
        foreach (var connection in connections) connection.Deliver(publication, place);
    }

    public void Send(Frame frame)
    {
        foreach (var connection in _connections) connection.Send(frame);
    }
}

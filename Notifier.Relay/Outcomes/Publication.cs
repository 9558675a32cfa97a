using Notifier.Relay.Connections;
using Notifier.Relay.Publish;

namespace Notifier.Relay.Outcomes;

/// <summary>Why a message is undelivered; the words of docs/relay-events.md.</summary>
internal enum UndeliveredReason
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>The person had no connection.</summary>
    Offline,

    /// <summary>A connection took it, and nobody acknowledged it in time.</summary>
    AckTimeout,

    /// <summary>The connection ended before the acknowledgement, and no other came.</summary>
    Gone,
}

/// <summary>A message on its way through this node, and where it stands with each recipient.</summary>
internal sealed class Publication(PublishedMessage message, long now)
{
    private const byte Pending = 0, Probed = 1, Undelivered = 2, Delivered = 3;
    private readonly byte[] _states = new byte[message.To.Length];
    private int _open = message.To.Length;
    private Dictionary<string, int>? _places;

    public PublishedMessage Message => message;

    public Admission Admission { get; } = new();

    /// <summary>When it came, by the ticker.</summary>
    public long At => now;

    /// <summary>Its place in the log; 0 until it has one.</summary>
    public long Offset { get; set; }

    /// <summary>The event, the same for everyone.</summary>
    public Frame Event { get; set; } = null!;

    /// <summary>Whether some recipient has no outcome yet.</summary>
    public bool IsOpen => Volatile.Read(ref _open) > 0;

    public bool IsPending(int recipient) => Volatile.Read(ref _states[recipient]) <= Probed;

    /// <returns>Whether this was the first asking.</returns>
    public bool Probe(int recipient) => Interlocked.CompareExchange(ref _states[recipient], Probed, Pending) == Pending;

    public bool WasProbed(int recipient) => Volatile.Read(ref _states[recipient]) == Probed;

    /// <returns>Whether this is the first outcome.</returns>
    public bool TryUndelivered(int recipient)
    {
        while (Volatile.Read(ref _states[recipient]) is <= Probed and var state)
        {
            if (Interlocked.CompareExchange(ref _states[recipient], Undelivered, state) != state) continue;
            Interlocked.Decrement(ref _open);
            return true;
        }
        return false;
    }

    /// <summary>What is known of it from before: the recipients to whom it was delivered.</summary>
    public void WasDelivered(IEnumerable<int> recipients)
    {
        foreach (var recipient in recipients) TryDelivered(recipient);
    }

    /// <returns>Whether it was not delivered before: the first outcome, or one that comes late.</returns>
    public bool TryDelivered(int recipient)
    {
        var before = Interlocked.Exchange(ref _states[recipient], Delivered);
        if (before <= Probed) Interlocked.Decrement(ref _open);
        return before != Delivered;
    }

    /// <returns>The recipient's place, or −1.</returns>
    public int PlaceOf(string recipient)
    {
        if (message.To.Length <= 16) return Array.IndexOf(message.To, recipient);
        var places = _places;
        if (places is null)
        {
            places = new Dictionary<string, int>(message.To.Length);
            for (var i = 0; i < message.To.Length; i++) places[message.To[i]] = i;
            _places = places;
        }
        return places.TryGetValue(recipient, out var place) ? place : -1;
    }
}

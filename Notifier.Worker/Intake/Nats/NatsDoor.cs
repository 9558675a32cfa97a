using NATS.Client.Core;

namespace Notifier.Worker.Intake.Nats;

/// <summary>Whether the door is open: for who asks how this worker is.</summary>
internal sealed class NatsDoor
{
    private volatile NatsConnection? _connection;

    public bool IsOpen => _connection?.ConnectionState == NatsConnectionState.Open;

    /// <summary>Messages in the stream that no worker has in hand, as last seen; null: not known.</summary>
    public long? Pending { get; set; }

    /// <param name="connection">Whose stream and consumer are there.</param>
    public void Open(NatsConnection connection) => _connection = connection;

    public void Close()
    {
        _connection = null;
        Pending = null; // no number is better than an old one
    }
}

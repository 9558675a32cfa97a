using System.Text;
using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout.Nats;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Fanout;

/// <summary>Frames that are worth nothing a moment later: to who is connected here, and over NATS or by way of the database to who may be connected to another node.</summary>
internal sealed class Signals(People people, Reports reports, NatsFanout? nats = null)
{
    /// <summary>Whether other nodes live, as last seen.</summary>
    public bool HasOthers { get; set; }

    /// <summary>Whether one of them does not hear NATS: then all get everything by way of the database, and nothing twice.</summary>
    public bool HasDeaf { get; set; }

    /// <summary>Whether it is worth building a frame for somebody.</summary>
    public bool MayReach(string site, string recipient) => HasOthers || people.TryGet(new RecipientKey(site, recipient), out _);

    public void Send(string site, string recipient, Func<Frame> build) => Send(site, [recipient], build);

    /// <param name="except">Who does not get it: the connection it came from.</param>
    public void Send(string site, string[] recipients, Func<Frame> build, Connection? except = null)
    {
        Frame? frame = null;
        foreach (var recipient in recipients)
        {
            if (!people.TryGet(new RecipientKey(site, recipient), out var person)) continue;
            foreach (var connection in person.Connections)
                if (connection != except) connection.Send(frame ??= build());
        }
        if (HasOthers) Carry(site, recipients, frame ?? build());
    }

    /// <summary>What concerns the other nodes alone (<see cref="NodeFrames"/>).</summary>
    public void SendToNodes(string site, string[] recipients, Func<Frame> build)
    {
        if (HasOthers) Carry(site, recipients, build());
    }

    /// <summary>… and must not get lost: it is kept until the database has it, and there also for nodes that were not seen yet.</summary>
    public void TellNodes(string site, string recipient, string frame) => reports.Add(new Signal(site, [recipient], frame));

    private void Carry(string site, string[] recipients, Frame frame)
    {
        var signal = new Signal(site, recipients, Encoding.UTF8.GetString(frame.Payload.Span));
        if (!HasDeaf && nats is { Carries: true }) nats.Send(signal);
        else reports.Add(signal);
    }
}

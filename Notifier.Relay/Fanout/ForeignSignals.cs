using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Presences;
using Notifier.Relay.Storage;

namespace Notifier.Relay.Fanout;

/// <summary>What other nodes send to people who may be here: it is passed on to them, but for what this node knows better and what nodes say only to each other.</summary>
internal sealed class ForeignSignals(People people, FanoutLane lane, PresenceReporter presences, Switchboard switchboard)
{
    public void Take(SignalRow signal)
    {
        if (signal.Frame == NodeFrames.Disconnect)
            foreach (var recipient in signal.Recipients) switchboard.Disconnect(new RecipientKey(signal.Site, recipient));
        else if (NodeFrames.ReadAsks(signal.Frame) is { } asks) lane.Post(() => presences.Answer(signal.Site, asks, signal.Recipients));
        else if (NodeFrames.ReadPresent(signal.Frame) is { } said)
            lane.Post(() =>
            {
                if (!presences.Correct(signal.Site, said.Who, said.State, said.Since, signal.Recipients)) PassOn(signal);
            });
        else if (NodeFrames.ReadMoved(signal.Frame) is { } moved)
            lane.Post(() =>
            {
                if (!presences.Renew(signal.Site, moved.Who, moved.State, signal.Recipients)) PassOn(signal, RelayFrames.Present(moved.Who, moved.State, moved.Since));
            });
        else PassOn(signal);
    }

    private void PassOn(SignalRow signal) => PassOn(signal, Frame.Text(signal.Frame));

    private void PassOn(SignalRow signal, Frame frame)
    {
        foreach (var recipient in signal.Recipients)
            if (people.TryGet(new RecipientKey(signal.Site, recipient), out var person)) person.Send(frame);
    }
}

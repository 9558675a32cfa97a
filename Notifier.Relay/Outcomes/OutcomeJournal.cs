using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Outcomes;

/// <summary>Notes what became of a message, once per recipient, and hands it to the reporter as soon as the message is accepted.</summary>
internal sealed class OutcomeJournal(Reports reports, Signals signals)
{
    /// <summary>A connection has acknowledged it.</summary>
    public void Delivered(Publication publication, int place, Person person)
    {
        if (!publication.TryDelivered(place)) return;
        Note(publication, new Outcome(publication, place, true, null, person.State, person.Conversation, person.LastActive));
        var message = publication.Message;
        if (message.SenderId == person.Key.Recipient || !signals.MayReach(message.Site, message.SenderId)) return;
        signals.Send(message.Site, message.SenderId, () => RelayFrames.Delivered(message.Conversation, message.Id, message.Seq, person.Key.Recipient));
    }

    /// <param name="person">Null: not known here.</param>
    public void Undelivered(Publication publication, int place, UndeliveredReason reason, Person? person)
    {
        if (!publication.TryUndelivered(place)) return;
        var word = Word(reason);
        Note(publication, new Outcome(publication, place, false, word, person?.State ?? Presence.Offline, person?.Conversation, person?.LastActive));
    }

    private void Note(Publication publication, Outcome outcome)
    {
        if (publication.Admission.Hold(outcome)) return;
        if (publication.Admission.Tells(outcome)) reports.Add(outcome);
    }

    private static string Word(UndeliveredReason reason) => reason switch
    {
        UndeliveredReason.Offline => "offline",
        UndeliveredReason.AckTimeout => "ack_timeout",
        UndeliveredReason.Gone => "gone",
        _ => "none",
    };
}

using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Presences;

/// <summary>A person is as present as the most present of their connections. What changes is told to the notifier, to the other nodes, and to who knows them. In the lane.</summary>
internal sealed class PresenceReporter(Reports reports, Facts facts, Signals signals, Conversations conversations, People people, TimeProvider clock)
{
    private const int MostIntroduced = 200;

    public void Joined(Person person, Connection connection)
    {
        if (person.Connections.Length == 1) reports.Add(new Attendance(person.Key.Site, person.Key.Recipient, Here: true));
        Changed(person);
        var at = clock.GetUtcNow();
        var acquaintances = conversations.Acquaintances(person.Key);
        foreach (var other in acquaintances)
            if (people.TryGet(other, out var known) && known.State != Presence.Offline) connection.Send(RelayFrames.Present(other.Recipient, known.State, at));
        if (acquaintances.Count > 0) signals.SendToNodes(person.Key.Site, [.. acquaintances.Select(a => a.Recipient)], () => NodeFrames.Asks(person.Key.Recipient));
    }

    /// <summary>Somebody who has come to another node hears which of these people are here.</summary>
    public void Answer(string site, string asks, IReadOnlyList<string> others)
    {
        foreach (var other in others)
            if (people.TryGet(new RecipientKey(site, other), out var known) && known.State is not Presence.Offline and var state)
                signals.Send(site, asks, () => RelayFrames.Present(other, state, clock.GetUtcNow()));
    }

    /// <summary>
    /// Another node says how present somebody is who is connected here too. The most present of the nodes counts, and each knows only of its own: the one that knows better says so
    /// to who was told. So who has moved here is not offline when the grace is over there.
    /// </summary>
    /// <returns>Whether it was less than is so here.</returns>
    public bool Correct(string site, string who, Presence said, string[] told)
    {
        if (!people.TryGet(new RecipientKey(site, who), out var person) || person.Connections.Length == 0 || person.State <= said) return false;
        signals.Send(site, told, () => RelayFrames.Present(who, person.State, clock.GetUtcNow()));
        return true;
    }

    /// <summary>Who writes to somebody for the first time sees whether they are there, and is seen.</summary>
    public void Introduce(string site, string writer, IReadOnlyList<string> others)
    {
        var at = clock.GetUtcNow();
        if (!people.TryGet(new RecipientKey(site, writer), out var one)) return;
        foreach (var other in others.Take(MostIntroduced))
        {
            if (other == writer || !people.TryGet(new RecipientKey(site, other), out var two)) continue;
            if (two.State != Presence.Offline) one.Send(RelayFrames.Present(other, two.State, at));
            if (one.State != Presence.Offline) two.Send(RelayFrames.Present(writer, one.State, at));
        }
    }

    public void Changed(Person person)
    {
        var best = person.Connections.MaxBy(c => (c.State, c.LastActive));
        if (best is null) return;
        person.LastActive = person.Connections.Max(c => c.LastActive);
        Tell(person, best.State, best.State == Presence.Active ? best.Conversation : null);
    }

    public void Left(Person person)
    {
        reports.Add(new Attendance(person.Key.Site, person.Key.Recipient, Here: false));
        Tell(person, Presence.Offline, null);
    }

    private void Tell(Person person, Presence state, string? conversation)
    {
        if (person.State == state && person.Conversation == conversation) return;
        var stateChanged = person.State != state;
        (person.State, person.Conversation) = (state, conversation);
        var at = clock.GetUtcNow();
        reports.Add(facts.PresenceChanged(person.Key, state, conversation, person.LastActive, at));
        if (!stateChanged) return;
        var (site, who) = person.Key;
        var known = conversations.Acquaintances(person.Key);
        if (known.Count > 0) signals.Send(site, [.. known.Select(k => k.Recipient)], () => RelayFrames.Present(who, state, at));
    }
}

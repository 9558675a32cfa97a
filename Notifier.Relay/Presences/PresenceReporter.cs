using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Presences;

/// <summary>A person is as present as the most present of their connections. What changes is told to the notifier, to the other nodes, and to who knows them. In the lane.</summary>
internal sealed class PresenceReporter(Reports reports, Facts facts, Signals signals, Conversations conversations, People people, TimeProvider clock)
{
    private const int MostIntroduced = 200;

    /// <summary>So much the clocks of two nodes may differ.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(1);

    public void Joined(Person person, Connection connection)
    {
        person.Elsewhere = null; // as far as it is known, that was before
        if (person.Connections.Length == 1) reports.Add(new Attendance(person.Key.Site, person.Key.Recipient, Here: true));
        Changed(person);
        var acquaintances = conversations.Acquaintances(person.Key);
        foreach (var other in acquaintances)
            if (people.TryGet(other, out var known) && known.IsPresent) connection.Send(RelayFrames.Present(other.Recipient, known.State, known.Since));
        if (acquaintances.Count > 0) signals.SendToNodes(person.Key.Site, [.. acquaintances.Select(a => a.Recipient)], () => NodeFrames.Asks(person.Key.Recipient));
    }

    /// <summary>Somebody who has come to another node hears which of these people are here.</summary>
    public void Answer(string site, string asks, IReadOnlyList<string> others)
    {
        foreach (var other in others)
            if (people.TryGet(new RecipientKey(site, other), out var known) && known.IsPresent)
                signals.Send(site, asks, () => RelayFrames.Present(other, known.State, known.Since));
    }

    /// <summary>
    /// Another node says how present somebody is who is known here too. The most present of the nodes counts, and each knows only of its own: the one that knows better says so
    /// to who was told. So who has moved here is not offline when the grace is over there. But of who has left here, and is there since, that node knows better.
    /// </summary>
    /// <returns>Whether it was less than is so here.</returns>
    public bool Correct(string site, string who, Presence said, DateTimeOffset since, string[] told)
    {
        if (!people.TryGet(new RecipientKey(site, who), out var person)) return false;
        person.Elsewhere = said == Presence.Offline ? null : (said, since);
        Yield(person);
        if (!person.IsPresent || person.State <= said) return false;
        signals.Send(site, told, () => RelayFrames.Present(who, person.State, person.Since));
        return true;
    }

    /// <summary>A node that was left repeats what it has heard of somebody from the node that has them. If that is this one, it knows what is so by now.</summary>
    /// <returns>Whether it was something else.</returns>
    public bool Renew(string site, string who, Presence said, string[] told)
    {
        if (!people.TryGet(new RecipientKey(site, who), out var person) || person.Connections.Length == 0 || person.State == said) return false;
        signals.Send(site, told, () => RelayFrames.Present(who, person.State, person.Since));
        return true;
    }

    /// <summary>The last connection broke, and the grace begins.</summary>
    /// <param name="heard">When something was last heard of the person.</param>
    public void Broke(Person person, DateTimeOffset heard)
    {
        person.LeftAt = heard;
        Yield(person);
    }

    /// <summary>Who writes to somebody for the first time sees whether they are there, and is seen.</summary>
    public void Introduce(string site, string writer, IReadOnlyList<string> others)
    {
        if (!people.TryGet(new RecipientKey(site, writer), out var one)) return;
        foreach (var other in others.Take(MostIntroduced))
        {
            if (other == writer || !people.TryGet(new RecipientKey(site, other), out var two)) continue;
            if (two.IsPresent) one.Send(RelayFrames.Present(other, two.State, two.Since));
            if (one.IsPresent) two.Send(RelayFrames.Present(writer, one.State, one.Since));
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

    /// <summary>
    /// Of who has left and turned up at another node since, this one says no more, and repeats what is said there: what it said itself may have reached somebody later. The notifier is told
    /// with the end of the grace.
    /// </summary>
    private void Yield(Person person)
    {
        if (person.Connections.Length > 0 || !person.IsPresent || person.Elsewhere is not { } there || there.Since < person.LeftAt - Skew) return;
        person.HasMoved = true;
        var (site, who) = person.Key;
        string[] known = [.. conversations.Acquaintances(person.Key).Select(k => k.Recipient)];
        if (known.Length == 0) return;
        foreach (var one in known)
            if (people.TryGet(new RecipientKey(site, one), out var told)) told.Send(RelayFrames.Present(who, there.State, there.Since));
        signals.SendToNodes(site, known, () => NodeFrames.Moved(who, there.State, there.Since));
    }

    private void Tell(Person person, Presence state, string? conversation)
    {
        var isBack = person.HasMoved && state != Presence.Offline;
        if (person.State == state && person.Conversation == conversation && !isBack) return;
        var news = person.State != state || isBack;
        var at = clock.GetUtcNow();
        (person.State, person.Conversation, person.HasMoved) = (state, conversation, false);
        if (news) person.Since = at;
        reports.Add(facts.PresenceChanged(person.Key, state, conversation, person.LastActive, at));
        if (!news) return;
        var (site, who) = person.Key;
        var known = conversations.Acquaintances(person.Key);
        if (known.Count > 0) signals.Send(site, [.. known.Select(k => k.Recipient)], () => RelayFrames.Present(who, state, at));
    }
}

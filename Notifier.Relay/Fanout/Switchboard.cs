using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Operations;
using Notifier.Relay.Outcomes;
using Notifier.Relay.Presences;

namespace Notifier.Relay.Fanout;

/// <summary>Who is connected gets what is published: joining, leaving, and the fan-out, one at a time in the lane.</summary>
internal sealed class Switchboard(
    FanoutLane lane, EventLog events, People people, OutcomeJournal outcomes, Deadlines deadlines, PresenceReporter presences, Conversations conversations,
    Signals signals, SeenMarks seenMarks, IOptions<RelayOptions> options, TimeProvider clock, Ticker ticker, RelayMetrics metrics)
{
    private readonly RelayOptions _options = options.Value;

    public EventLog Log => events;

    /// <summary>How long somebody who has left this node is answered for, should another node have counted on it.</summary>
    private const long AnswersForMilliseconds = 30_000;

    private readonly Dictionary<RecipientKey, long> _left = [];

    public void Publish(Publication publication) => lane.Post(() => FanOut(publication, foreign: false));

    /// <summary>What another node has accepted: only for who is, or was until a moment ago, connected here; everybody else is that node's to tell of.</summary>
    public void PublishForeign(Publication publication) => lane.Post(() => FanOutForeign(publication));

    /// <summary>The same, as another node says it over NATS: in the order of that node, or not at all.</summary>
    /// <param name="behind">The row that it accepted before these; 0: none.</param>
    /// <param name="missed">Called when that one is not known here.</param>
    public void PublishForeign(long behind, IReadOnlyList<Publication> publications, Action missed) => lane.Post(() =>
    {
        if (!events.Knows(behind))
        {
            missed();
            return;
        }
        metrics.Carried("nats", publications.Count);
        foreach (var publication in publications) FanOutForeign(publication);
    });

    /// <summary>A group of this node is in the database.</summary>
    public void Accepted(HashSet<long> rows) => lane.Post(() =>
    {
        foreach (var row in rows) events.Know(row);
    });

    /// <summary>What others have accepted up to a row has been published here.</summary>
    public void Reached(long row) => lane.Post(() => events.Reach(row));

    /// <summary>What was accepted before this node began, for who comes back. Nobody is told of it by itself.</summary>
    /// <param name="after">Everything behind this row is in the log from now on.</param>
    public Task BeginAsync(IReadOnlyList<Publication> accepted, long after, long top) => lane.RunAsync(() =>
    {
        foreach (var publication in accepted)
        {
            events.Reach(publication.Admission.Row);
            if (!events.Holds(publication)) events.Append(publication);
        }
        events.Begin(after);
        events.Reach(top);
    });

    /// <summary>Between two steps: what lies before it has been given.</summary>
    public void Mark() => lane.Post(events.Mark);

    private void FanOutForeign(Publication publication)
    {
        if (events.Knows(publication.Admission.Row)) return; // by another way, before
        FanOut(publication, foreign: true);
        events.Know(publication.Admission.Row);
    }

    private void FanOut(Publication publication, bool foreign)
    {
        if (events.Holds(publication)) return; // published again before it was accepted
        var message = publication.Message;
        events.Append(publication);
        if (conversations.Learn(message.Site, message.Conversation, message.SenderId, message.To)) presences.Introduce(message.Site, message.SenderId, message.To);
        var deliveries = 0;
        for (var place = 0; place < message.To.Length; place++)
        {
            if (!people.TryGet(new RecipientKey(message.Site, message.To[place]), out var person))
            {
                if (foreign && !AnswersFor(message.Site, message.To[place])) publication.TryUndelivered(place);
                else outcomes.Undelivered(publication, place, UndeliveredReason.Offline, null);
                continue;
            }
            deliveries += person.Connections.Length;
            person.Deliver(publication, place);
        }
        metrics.Delivered(deliveries);
        deadlines.Watch(publication);
    }

    private bool AnswersFor(string site, string recipient) => _left.TryGetValue(new RecipientKey(site, recipient), out var at) && ticker.Now - at < AnswersForMilliseconds;

    /// <param name="unread">The messages that could not be opened there: who comes back does not acknowledge them.</param>
    public void Join(Connection connection, Position? resume, HashSet<string> unread) => lane.Post(() =>
    {
        if (connection.IsClosed) return;
        var key = connection.Token!.Owner;
        var person = people.Get(key);
        if (person.Connections.Length >= _options.ConnectionsPerPerson)
        {
            connection.Close(CloseCode.TooManyConnections);
            return;
        }
        connection.Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        connection.Person = person;
        var missed = events.Missed(resume, key.Site, key.Recipient);
        Expect(connection, person, missed, unread);
        connection.Allow(missed.Events.Sum(m => (long)m.Publication.Event.Bytes.Length));
        connection.Send(RelayFrames.Welcome(connection.Id, missed, _options, connection.Token.Expires, clock.GetUtcNow()));
        metrics.Joined(missed.Recovery);
        foreach (var (publication, place) in missed.Events) connection.Deliver(publication, place);
        connection.IsPlaced = true;
        person.Add(connection);
        presences.Joined(person, connection);
    });

    public void Leave(Connection connection) => lane.Post(() =>
    {
        if (connection.ClosedWith is { } code) metrics.Closed((int)code);
        if (connection.Person is not { } person || !person.Remove(connection)) return;
        if (person.Connections.Length > 0)
        {
            presences.Changed(person);
            return;
        }
        var open = connection.Unacknowledged.Where(u => u.Publication.IsPending(u.Place));
        person.Waiting.AddRange(open);
        if (connection.LeavesForGood) Gone(person);
        else
        {
            person.GraceUntil = ticker.Now + (long)_options.Grace.TotalMilliseconds;
            deadlines.WatchGrace(person, () => lane.Post(() => GraceOver(person)));
            // Of who does not answer any more it is noticed late that they are not there.
            var silent = connection.ClosedWith == CloseCode.NoPong ? TimeSpan.FromMilliseconds(ticker.Now - connection.LastReceived) : TimeSpan.Zero;
            presences.Broke(person, clock.GetUtcNow() - silent);
        }
    });

    public void PresenceChanged(Connection connection) => lane.Post(() =>
    {
        if (connection.Person is { } person && person.Connections.Contains(connection)) presences.Changed(person);
    });

    /// <summary>To who shares the conversation, as far as this node knows; and only from one of them.</summary>
    public void Typing(Connection connection, string conversation) => lane.Post(() =>
    {
        if (connection.Person is not { } person) return;
        var (site, who) = person.Key;
        signals.Send(site, conversations.Others(site, conversation, who), () => RelayFrames.Typing(conversation, who));
    });

    public void Seen(Connection connection, string conversation, long seq, string cid) => lane.Post(() =>
    {
        if (connection.Person is not { } person) return;
        var (site, who) = person.Key;
        var at = clock.GetUtcNow();
        seenMarks.Keep(person.Key, connection, conversation, seq, cid, at);
        signals.Send(site, [who, .. conversations.Writers(site, conversation, who)], () => RelayFrames.Seen(conversation, seq, who, at), except: connection);
    });

    /// <summary>The site ends a person's connections.</summary>
    public void Disconnect(RecipientKey key) => lane.Post(() =>
    {
        if (!people.TryGet(key, out var person)) return;
        foreach (var connection in person.Connections)
        {
            connection.LeavesForGood = true;
            connection.Close(CloseCode.BadToken);
        }
        if (person.Connections.Length == 0) Gone(person);
    });

    /// <summary>What a person has missed, for who reads the log and keeps no connection.</summary>
    public async Task<(Missed Missed, Position Now)> MissedAsync(RecipientKey key, Position? position)
    {
        (Missed, Position) answer = default;
        await lane.RunAsync(() => answer = (events.Missed(position, key.Site, key.Recipient), new Position(events.Epoch, events.Top, events.Accepted)));
        return answer;
    }

    /// <summary>Returns when everything asked for before has been done.</summary>
    public Task SettledAsync() => lane.RunAsync(() => { });

    /// <summary>
    /// What was for the person while nobody was there. Who comes back whole has what it has not missed: coming back is an acknowledgement. Else the client
    /// reads it from the site, and acknowledges it like anything else. What could not be opened waits for another browser, or for its deadline.
    /// </summary>
    private void Expect(Connection connection, Person person, Missed missed, HashSet<string> unread)
    {
        foreach (var (publication, place) in person.Waiting.OrderBy(w => w.Publication.Offset))
        {
            if (unread.Contains(publication.Message.Id)) continue;
            if (missed.Recovery != Recovery.Full)
            {
                if (publication.IsPending(place)) connection.Expect(publication, place);
            }
            else if (!missed.Events.Exists(m => m.Publication == publication)) outcomes.Delivered(publication, place, person);
        }
        foreach (var (publication, place) in missed.Had)
            if (!unread.Contains(publication.Message.Id)) outcomes.Delivered(publication, place, person);
        person.Waiting.Clear();
        person.GraceUntil = 0;
    }

    private void GraceOver(Person person)
    {
        if (person.Connections.Length == 0 && person.GraceUntil != 0 && person.GraceUntil <= ticker.Now) Gone(person);
    }

    private void Gone(Person person)
    {
        person.GraceUntil = 0; // what waits for its end would say of who has come back meanwhile, as another person, that they are not here
        people.Forget(person);
        if (signals.HasOthers)
        {
            if (_left.Count > 10_000) _left.Clear();
            _left[person.Key] = ticker.Now;
        }
        foreach (var (publication, place) in person.Waiting) outcomes.Undelivered(publication, place, UndeliveredReason.Gone, person);
        person.Waiting.Clear();
        presences.Left(person);
    }
}

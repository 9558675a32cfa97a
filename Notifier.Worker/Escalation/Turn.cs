using System.Runtime.InteropServices;
using System.Text.Json;
using Notifier.Domain;
using Notifier.Domain.Email;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Escalation;

/// <summary>What a turn is for: push rungs are decided whenever events or timers say so; emails begin only when their alarm rings, so that what is due together goes together.</summary>
internal enum TurnKind
{
    /// <summary>Events, and push rungs that are due.</summary>
    Events,

    /// <summary>Email rungs that are due.</summary>
    Emails,
}

/// <summary>One batch of a few shards, in memory: takes events in, asks the ladder, and collects what is to be written. No I/O.</summary>
/// <param name="kind">What it is for.</param>
/// <param name="siteOf">What holds for a site.</param>
internal sealed class Turn(TurnKind kind, Func<string, SiteSettings> siteOf)
{
    private readonly List<(RelayEvent Event, InboxRow Row)> _events = [];
    private readonly HashSet<(ConversationKey Key, string Message)> _touched = [];
    private readonly Dictionary<ConversationKey, (long Seq, string? Device)> _marked = [];
    private readonly HashSet<ConversationKey> _changed = [];
    private readonly Dictionary<string, Ruling> _pushNews = [], _emailNews = []; // of the conversation in hand
    private readonly List<(string Site, MessageContent Content)> _contents = [];
    private readonly Dictionary<RecipientKey, List<(ConversationKey Key, EscalationRow Before)>> _emails = [];

    public LadderQuery Query { get; } = new();

    public TurnChanges Changes { get; } = new();

    /// <summary>When emails are due that were not due before, or not then.</summary>
    public HashSet<DateTimeOffset> EmailsDue { get; } = [];

    public bool OrdersPush => Changes.Pushes.Count > 0;

    /// <summary>Reads an inbox row; what cannot be read becomes a dead letter, and nothing behind it waits.</summary>
    public void Take(InboxRow row)
    {
        if (Read(row) is not { } e) return;
        _events.Add((e, row));
        switch (e)
        {
            case RelayEvent.MessageOutcome m:
                foreach (var r in m.Recipients) Query.Arrive(new(m.Site, r.Id, m.Message.Conversation), m.Message.Seq);
                Query.Messages.Add((m.Site, m.Message.Id));
                break;
            case RelayEvent.ConversationSeen s:
                Query.Add(new(s.Site, s.Recipient, s.Conversation), Extent.SeenUpTo(s.Seq));
                break;
            case RelayEvent.PresenceChanged p:
                Query.Recipients.Add(new(p.Site, p.Recipient));
                if (p is { Presence: Presence.Active, Conversation: { } open }) Query.Add(new(p.Site, p.Recipient, open));
                break;
            case RelayEvent.RecipientChanged c:
                Query.Recipients.Add(new(c.Site, c.Recipient));
                break;
            case RelayEvent.EmailFinished f:
                Query.Add(new(f.Site, f.Recipient, f.Conversation), Extent.Entire);
                break;
            case RelayEvent.EmailCancelled c:
                Query.Add(new(c.Site, c.Recipient, c.Conversation), Extent.Entire);
                break;
        }
    }

    private RelayEvent? Read(InboxRow row)
    {
        if (row.Source is null) return OwnEvents.Read(row.Body);
        Unreadable? bad;
        EventEnvelope? envelope = null;
        try
        {
            using var document = JsonDocument.Parse(row.Body, new JsonDocumentOptions { MaxDepth = 32 });
            if (RelayEventReader.Read(document.RootElement, row.ReceivedAt, out bad) is { } read) return read;
            envelope = RelayEventReader.ReadEnvelope(document.RootElement);
        }
        catch (JsonException e)
        {
            bad = new Unreadable("$", $"is not JSON that can be read here: {e.Message}");
        }
        Changes.DeadLetters.Add(new DeadLetter(
            null, "event", row.Source, envelope?.Id ?? row.EventId, bad!.UnknownType ? "unknown_type" : "unreadable", bad.ToString(), row.Text));
        return null;
    }

    /// <summary>Takes the facts in, then decides every conversation that was loaded.</summary>
    public void Decide(LadderState state)
    {
        foreach (var (e, row) in _events) Apply(state, e, row);
        foreach (var key in Query.Conversations.Keys) DecideOne(state, key);
        foreach (var (recipient, due) in _emails) OrderEmails(state, recipient, due);
        foreach (var key in _changed) Changes.Escalations.Add((key, state.Escalations[key]));
        // What everybody here has seen by now nobody will be told of: most of what a relay reports.
        var unseen = Changes.UnseenMessages.Select(m => (m.Key.Site, m.Message.Id)).ToHashSet();
        Changes.Messages.AddRange(_contents.Where(c => unseen.Contains((c.Site, c.Content.Id))));
    }

    private void Apply(LadderState state, RelayEvent e, InboxRow row)
    {
        var receivedAt = row.ReceivedAt;
        switch (e)
        {
            case RelayEvent.MessageOutcome m when IsElsewhere(state, m):
                Changes.DeadLetters.Add(new DeadLetter(
                    m.Site, "event", row.Source, row.EventId, "conflicting", "$.data.message.conversation is not the one that this message was first reported in", row.Text));
                break;
            case RelayEvent.MessageOutcome m:
                _contents.Add((m.Site, m.Message));
                foreach (var r in m.Recipients) Report(state, m, r, receivedAt);
                break;
            case RelayEvent.ConversationSeen s:
                Mark(state, new(s.Site, s.Recipient, s.Conversation), c => c.See(s.Seq, s.At), s.Seq, s.Device);
                break;
            case RelayEvent.MessageEdited edited:
                Changes.Edits.Add(edited);
                break;
            case RelayEvent.MessageDeleted deleted:
                Changes.Deletions.Add(deleted);
                break;
            case RelayEvent.PresenceChanged p:
                Report(state, p, receivedAt);
                break;
            case RelayEvent.RelayAlive alive:
                Changes.NodeLeases.Add((alive.Site, alive.Node, receivedAt + alive.Lease));
                break;
            case RelayEvent.EmailFinished f:
                EndEmail(state, new(f.Site, f.Recipient, f.Conversation), c => c.Finish(f));
                break;
            case RelayEvent.EmailCancelled c:
                EndEmail(state, new(c.Site, c.Recipient, c.Conversation), s => s.Cancel());
                break;
        }
    }

    /// <summary>How many escalations are written for the first time, and want an id.</summary>
    public int WantsIds => Changes.Escalations.Count(e => e.Row.Id == 0);

    /// <summary>Names what is new, in the trace as well. A conversation that nothing was opened for has no escalation there.</summary>
    public void Name(Queue<long> ids)
    {
        var names = new Dictionary<ConversationKey, long>();
        foreach (ref var change in CollectionsMarshal.AsSpan(Changes.Escalations))
            if (change.Row.Id == 0) change.Row = change.Row with { Id = names[change.Key] = ids.Dequeue() };
        foreach (ref var row in CollectionsMarshal.AsSpan(Changes.Trace))
            if (row.Escalation is null && names.TryGetValue(row.Key, out var id)) row = row with { Escalation = id };
    }

    /// <summary>A message id belongs to one conversation for good: (site, message, recipient) is unique.</summary>
    private static bool IsElsewhere(LadderState state, RelayEvent.MessageOutcome m)
    {
        if (state.Known.TryGetValue((m.Site, m.Message.Id), out var known)) return known.Conversation != m.Message.Conversation;
        state.Known[(m.Site, m.Message.Id)] = (m.Message.Conversation, Deleted: false);
        return false;
    }

    private void EndEmail(LadderState state, ConversationKey key, Func<ConversationState, ConversationState> end)
    {
        var row = state.Escalations[key];
        var after = end(row.State);
        foreach (var (was, now) in row.State.Unseen.Zip(after.Unseen).Where(m => m.First.Email != m.Second.Email))
        {
            _touched.Add((key, was.Id));
            if (now.Email is { } ruling) Changes.Trace.Add(new TraceRow(state.Now, key, was.Id, row.Name, Push: null, ruling));
        }
        state.Escalations[key] = row with { State = after };
    }

    private void Report(LadderState state, RelayEvent.MessageOutcome m, RecipientOutcome r, DateTimeOffset receivedAt)
    {
        var key = new ConversationKey(m.Site, r.Id, m.Message.Conversation);
        Update(state, key, c => c.Add(new UnseenMessage(
            m.Message.Id, m.Message.Seq, m.Message.Kind, r.Outcome, r.Presence, ActiveHere: r.Presence == Presence.Active && r.Conversation == m.Message.Conversation,
            r.Mentioned, m.Message.Urgent, Own: m.Message.SenderId == r.Id, Deleted: state.Known[(m.Site, m.Message.Id)].Deleted,
            m.Message.SentAt, ReportedAt: m.At, receivedAt, r.LastActiveAt, m.Message.ExpiresAt)));
        _touched.Add((key, m.Message.Id));
    }

    private void Report(LadderState state, RelayEvent.PresenceChanged p, DateTimeOffset receivedAt)
    {
        var owner = new RecipientKey(p.Site, p.Recipient);
        if (p is { Presence: Presence.Active, Conversation: { } open }) Mark(state, new(p.Site, p.Recipient, open), c => c.Enter(p.At));
        var recipient = state.Recipients[owner].Report(new PresenceReport(p.Node, p.Presence, p.Conversation, p.At, receivedAt, p.LastActiveAt));
        state.Recipients[owner] = recipient;
        Changes.Presence[(owner, p.Node)] = recipient.Presence.Single(r => r.Node == p.Node);
    }

    private void Mark(LadderState state, ConversationKey key, Func<ConversationState, ConversationState> change, long seq = -1, string? device = null)
    {
        Update(state, key, change);
        // Where the newest of it was read.
        if (!_marked.TryGetValue(key, out var before) || seq > before.Seq) _marked[key] = (seq, device);
    }

    private static void Update(LadderState state, ConversationKey key, Func<ConversationState, ConversationState> change)
    {
        var row = state.Escalations[key];
        state.Escalations[key] = row with { State = change(row.State) };
    }

    private void DecideOne(LadderState state, ConversationKey key)
    {
        var before = state.Escalations[key];
        var recipient = state.Recipients[key.Owner];
        var decision = EscalationLadder.Decide(recipient, before.State, siteOf(key.Site).Policy, state.Now);
        // Outside an email turn what is due now is left to its alarm, which takes all that is due for the person together.
        var emailNow = decision.Email.Sends && kind == TurnKind.Emails;
        var row = Rule(state, key, before, decision.Push.Rulings, decision.Email.Rulings.Where(r => r.Ruling.Verdict != Verdict.Send || emailNow));
        if (decision.Push.Sends) Changes.Pushes.Add(new PushOrder(key, decision.Push.Newest!.Seq, decision.Push.Newest.Id));
        if (emailNow) (_emails.TryGetValue(key.Owner, out var list) ? list : _emails[key.Owner] = []).Add((key, before));
        var emailAt = !decision.Email.Sends ? decision.Email.AskAgainAt : emailNow ? null : before.EmailAt < state.Now ? before.EmailAt : state.Now;

        var pushAt = decision.Push.AskAgainAt;
        if (state.Crowded.Contains(key))
        {
            // What was refused makes room for those behind it: they are asked about at once. Where nothing is, a push message tells of them too.
            if (decision.Refuses) pushAt = state.Now;
            else if (decision.Push.Sends) Changes.TakenAlong.Add((key, row.Id));
        }
        state.Escalations[key] = Settle(key, row with { PushAt = pushAt, EmailAt = emailAt });
        if (emailAt is { } due && due != before.EmailAt) EmailsDue.Add(due);
    }

    /// <summary>Writes rulings to their messages, and what is news to the trace.</summary>
    private EscalationRow Rule(
        LadderState state, ConversationKey key, EscalationRow row, IEnumerable<(UnseenMessage Message, Ruling Ruling)> push, IEnumerable<(UnseenMessage Message, Ruling Ruling)> email)
    {
        Gather(_pushNews, Channel.Push, push);
        Gather(_emailNews, Channel.Email, email);
        if (_pushNews.Count + _emailNews.Count == 0) return row;
        var recipient = state.Recipients[key.Owner];
        var unseen = row.State.Unseen.ToArray();
        foreach (ref var message in unseen.AsSpan())
        {
            var (onPush, onEmail) = (Of(_pushNews, message), Of(_emailNews, message));
            if (onPush is null && onEmail is null) continue;
            Changes.Trace.Add(new TraceRow(state.Now, key, message.Id, row.Name, onPush, onEmail) { Grounds = GroundsOf(recipient, row.State, message) });
            _touched.Add((key, message.Id));
            message = message with { Push = onPush ?? message.Push, Email = onEmail ?? message.Email };
        }
        return row with { State = row.State with { Unseen = unseen } };
    }

    private static void Gather(Dictionary<string, Ruling> news, Channel channel, IEnumerable<(UnseenMessage Message, Ruling Ruling)> rulings)
    {
        news.Clear();
        foreach (var (message, ruling) in rulings)
            if (!ruling.SameAs(message.On(channel))) news.Add(message.Id, ruling);
    }

    private static Ruling? Of(Dictionary<string, Ruling> news, UnseenMessage message) => news.TryGetValue(message.Id, out var ruling) ? ruling : null;

    /// <summary>Drops what is seen, takes its notifications back, and collects the rows that changed.</summary>
    private EscalationRow Settle(ConversationKey key, EscalationRow row)
    {
        if (row.State.Unseen.Any(m => m.Seq <= row.State.SeenUpTo)) Changes.Forgotten.Add((key, row.State.SeenUpTo));
        if (_marked.TryGetValue(key, out var mark)) Changes.SeenMarks.Add((key, row.State, mark.Device));

        var settled = row with { State = row.State.Forget() };
        foreach (var message in settled.State.Unseen)
            if (_touched.Contains((key, message.Id))) Changes.UnseenMessages.Add((key, message));
        // Messages that are told on every rung are loaded only with the whole conversation: without it, nothing can say that it is over.
        settled = settled with { Open = settled.State.Unseen.Count > 0 || (row.Open && !Query.Conversations[key].All) };
        if (settled.IsNews) _changed.Add(key);
        return settled;
    }

    private void OrderEmails(LadderState state, RecipientKey recipient, List<(ConversationKey Key, EscalationRow Before)> due)
    {
        var site = siteOf(recipient.Site);
        var digest = EmailGathering.IsOneDigest(state.Recipients[recipient], [.. due.Select(d => d.Before.State)], site.Policy, state.Now);
        foreach (var group in digest ? [due] : due.Select(d => new[] { d }.ToList()))
        {
            var first = state.Escalations[group[0].Key];
            var id = Guid.CreateVersion7(state.Now);
            _changed.UnionWith(group.Select(d => d.Key));
            foreach (var (key, _) in group)
                state.Escalations[key] = state.Escalations[key] with { State = state.Escalations[key].State with { EmailAttempt = id }, Emails = state.Escalations[key].Emails + 1 };
            Changes.Emails.Add(new EmailOrder(id, EmailIdentity.MessageId(first.Id, first.Emails + 1, site.Email.Domain), recipient,
                [.. group.Select(d => d.Key.Conversation)], [.. group.Select(d => state.Escalations[d.Key].State.Unseen[^1].Id)], group.Min(d => d.Before.EmailAt) ?? state.Now));
        }
    }

    private static Grounds GroundsOf(RecipientState recipient, ConversationState conversation, UnseenMessage message) => new(
        message.Outcome, message.Presence, recipient.Presence.Select(r => r.State).DefaultIfEmpty().Max(), recipient.LastActivity ?? message.LastActivity,
        conversation.SeenUpTo, message.Seq, message.SentAt, recipient.HasPushSubscription, recipient.Profile is { HasAddress: true });
}

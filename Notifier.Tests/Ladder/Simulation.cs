using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>What a person was told: on which channel, when, and of which messages; <paramref name="Known"/> events had arrived by then.</summary>
internal sealed record Told(Channel Channel, string Conversation, DateTimeOffset At, IReadOnlyList<UnseenMessage> Messages, RecipientState Person, int Known);

/// <summary>One line of the trace.</summary>
internal sealed record Decided(DateTimeOffset At, Channel Channel, string Conversation, UnseenMessage Message, Ruling Ruling, RecipientState Person, int Known);

/// <summary>
/// One person's world without a database: events become facts, the ladder decides, rulings are written back, timers ring, messages are "sent" with
/// their last look. What a worker does, in memory and with the clock as an argument. Every answer of the ladder is held against its own promises.
/// </summary>
internal sealed class Simulation(RecipientState? recipient = null, EscalationPolicy? policy = null, DateTimeOffset? start = null)
{
    private readonly Dictionary<string, ConversationState> _conversations = [];
    private readonly Dictionary<(string Conversation, Channel Channel), DateTimeOffset> _alarms = [];
    private readonly Dictionary<string, (Guid Attempt, DateTimeOffset At, IReadOnlyList<UnseenMessage> Handed)> _mails = [];
    private readonly HashSet<string> _deleted = [];
    private int _attempts;

    public RecipientState Recipient { get; private set; } = recipient ?? People.Usual;
    public EscalationPolicy Policy { get; } = policy ?? EscalationPolicy.Default;
    public DateTimeOffset Now { get; private set; } = start ?? Clock.Start;

    /// <summary>How long an email is under way between the decision and its last look.</summary>
    public TimeSpan MailTakes { get; init; }

    public List<Told> Told { get; } = [];
    public List<Decided> Trace { get; } = [];
    public List<RelayEvent> Learned { get; } = [];
    public int Asked { get; private set; }

    public ConversationState this[string conversation] => _conversations.GetValueOrDefault(conversation) ?? new ConversationState { Conversation = conversation };

    public IEnumerable<DateTimeOffset> Times(Channel channel, string conversation) => Told.Where(t => t.Channel == channel && t.Conversation == conversation).Select(t => t.At);

    /// <summary>The last word on a message.</summary>
    public Ruling? LastOn(Channel channel, string message) => Trace.LastOrDefault(d => d.Channel == channel && d.Message.Id == message)?.Ruling;

    /// <summary>Lets the timers ring that are due until then, each at its time.</summary>
    public Simulation Until(DateTimeOffset time)
    {
        while (Next() is { } next && next <= time) Ring(next);
        if (time > Now) Now = time;
        return this;
    }

    /// <summary>Lets every timer ring until nothing waits any more.</summary>
    public Simulation ToTheEnd()
    {
        while (Next() is { } next) Ring(next);
        return this;
    }

    /// <summary>The event arrives now; what it touches is decided.</summary>
    public Simulation Happens(RelayEvent happening)
    {
        Learn(happening);
        switch (happening)
        {
            case RelayEvent.MessageOutcome e: Decide(e.Message.Conversation); break;
            case RelayEvent.ConversationSeen e: Decide(e.Conversation); break;
            case RelayEvent.MessageDeleted e: Decide(e.Conversation); break;
            case RelayEvent.MessageEdited e: Decide(e.Conversation); break;
            case RelayEvent.PresenceChanged: DecideAll(); break;
        }
        return this;
    }

    /// <summary>The event arrives at its own time.</summary>
    public Simulation Then(RelayEvent happening) => Until(happening.At).Happens(happening);

    public Simulation Changes(Func<RecipientState, RecipientState> change)
    {
        Recipient = change(Recipient);
        DecideAll();
        return this;
    }

    /// <summary>Makes facts of an event and decides nothing yet: a batch is read whole first.</summary>
    public void Learn(RelayEvent happening)
    {
        Learned.Add(happening);
        switch (happening)
        {
            case RelayEvent.MessageOutcome e:
                foreach (var outcome in e.Recipients) Keep(this[e.Message.Conversation].Add(Unseen(e, outcome)));
                break;
            case RelayEvent.ConversationSeen e:
                Keep(this[e.Conversation].See(e.Seq, e.At));
                break;
            case RelayEvent.MessageDeleted e:
                _deleted.Add(e.Message);
                Keep(this[e.Conversation] with { Unseen = [.. this[e.Conversation].Unseen.Select(m => m with { Deleted = _deleted.Contains(m.Id) })] });
                break;
            case RelayEvent.PresenceChanged e:
                Recipient = Recipient.Report(new PresenceReport(e.Node, e.Presence, e.Conversation, e.At, Now, e.LastActiveAt));
                if (e is { Presence: Presence.Active, Conversation: { } entered }) Keep(this[entered].Enter(e.At));
                break;
            case RelayEvent.RelayAlive e:
                var lease = Now + e.Lease;
                if (!(Recipient.NodeLeases.GetValueOrDefault(e.Node) >= lease))
                    Recipient = Recipient with { NodeLeases = new Dictionary<string, DateTimeOffset>(Recipient.NodeLeases) { [e.Node] = lease } };
                break;
        }
    }

    private UnseenMessage Unseen(RelayEvent.MessageOutcome e, RecipientOutcome outcome) => new(
        e.Message.Id, e.Message.Seq, e.Message.Kind, outcome.Outcome, outcome.Presence, outcome.Conversation == e.Message.Conversation, outcome.Mentioned, e.Message.Urgent,
        e.Message.SenderId == outcome.Id, _deleted.Contains(e.Message.Id), e.Message.SentAt, e.At, Now, outcome.LastActiveAt, e.Message.ExpiresAt);

    private void Keep(ConversationState conversation) => _conversations[conversation.Conversation] = conversation;

    private DateTimeOffset? Next() => _alarms.Values.Concat(_mails.Values.Select(m => m.At)).Select(t => (DateTimeOffset?)t).Min();

    private void Ring(DateTimeOffset at)
    {
        if (at > Now) Now = at;
        foreach (var conversation in _mails.Where(m => m.Value.At <= Now).Select(m => m.Key).Order().ToList()) Deliver(conversation);
        foreach (var conversation in _alarms.Where(a => a.Value <= Now).Select(a => a.Key.Conversation).Distinct().Order().ToList()) Decide(conversation);
    }

    private void DecideAll()
    {
        foreach (var conversation in _conversations.Keys.Order().ToList()) Decide(conversation);
    }

    private void Decide(string conversation)
    {
        Assert.True(++Asked < 20_000, "the ladder asks for ever");
        var decision = EscalationLadder.Decide(WithinADay(Recipient), WithinADay(this[conversation]), Policy, Now);
        foreach (var channel in Enum.GetValues<Channel>()) Write(channel, conversation, decision.On(channel));
        if (decision.Push.Sends) Push(conversation, [.. Sent(decision.Push)]);
        if (decision.Email.Sends)
        {
            Assert.Null(this[conversation].EmailAttempt);
            _attempts++;
            var attempt = new Guid(_attempts, 0, 0, new byte[8]);
            Keep(this[conversation] with { EmailAttempt = attempt });
            _mails[conversation] = (attempt, Now + MailTakes, [.. Sent(decision.Email)]);
        }
        Keep(this[conversation].Forget());
        if (MailTakes == TimeSpan.Zero && _mails.ContainsKey(conversation)) Deliver(conversation);
    }

    private void Write(Channel channel, string conversation, ChannelDecision decision)
    {
        foreach (var (message, ruling) in decision.Rulings)
        {
            Assert.Equal(ruling.Verdict == Verdict.Wait, ruling.Until is not null);
            Assert.True(ruling.Until is null || ruling.Until > Now, $"waits until {ruling.Until}, which is not after {Now}: {ruling}");
            Note(channel, conversation, message, ruling);
        }
        Assert.Equal(decision.Rulings.Select(r => r.Ruling.Until).Min(), decision.AskAgainAt);
        var rulings = decision.Rulings.ToDictionary(r => r.Message.Id, r => r.Ruling);
        Keep(this[conversation] with { Unseen = [.. this[conversation].Unseen.Select(m => rulings.TryGetValue(m.Id, out var ruling) ? m.With(channel, ruling) : m)] });
        if (decision.AskAgainAt is { } at) _alarms[(conversation, channel)] = at;
        else _alarms.Remove((conversation, channel));
    }

    private void Push(string conversation, List<UnseenMessage> handed)
    {
        // Between a decision and a POST in the same moment nothing has changed, so the gate has to say the same.
        var look = EscalationLadder.LastLook(Channel.Push, Recipient, this[conversation], handed.Max(m => m.Seq), Policy, Now);
        Assert.Empty(handed.Select(m => m.Id).Except(Sent(look).Select(m => m.Id)));
        Tell(Channel.Push, conversation, handed);
        var accepted = new Ruling(Verdict.Told, Reason.Accepted);
        Keep(this[conversation] with { Unseen = [.. this[conversation].Unseen.Select(m => handed.Any(t => t.Id == m.Id) ? m.With(Channel.Push, accepted) : m)] });
        foreach (var message in handed) Note(Channel.Push, conversation, message, accepted);
    }

    private void Deliver(string conversation)
    {
        _mails.Remove(conversation, out var mail);
        var state = WithinADay(this[conversation]);
        var upTo = state.Unseen.Where(m => m.Email is { Verdict: Verdict.Send or Verdict.Wait }).Select(m => m.Seq).DefaultIfEmpty().Max();
        var look = EscalationLadder.LastLook(Channel.Email, WithinADay(Recipient), state, upTo, Policy, Now);
        var (verdict, reason) = look switch
        {
            { Sends: true } => (Verdict.Told, Reason.Accepted),
            { AskAgainAt: not null } => (Verdict.Wait, look.Rulings.First(r => r.Ruling.IsOpen).Ruling.Reason),
            { Rulings: [var first, ..] } => (first.Ruling.Verdict, first.Ruling.Reason),
            _ => (Verdict.Skip, Reason.AlreadySeen),
        };
        if (look.Sends)
        {
            Tell(Channel.Email, conversation, [.. Sent(look)]);
            Recipient = Recipient with { EmailsLastDay = [.. Recipient.EmailsLastDay, Now] };
        }
        // The seen event that stopped an email found nothing left to decide, so the trace says it here.
        foreach (var seen in mail.Handed.Where(m => m.Seq <= this[conversation].SeenUpTo)) Note(Channel.Email, conversation, seen, Ruling.Skip(Reason.AlreadySeen));
        if (look.Sends) upTo = Sent(look).Max(m => m.Seq);
        Keep(this[conversation].Finish(new RelayEvent.EmailFinished(Happening.Site, Now, Happening.Person, conversation, mail.Attempt, upTo, verdict, reason)));
        foreach (var m in this[conversation].Unseen.Where(m => m.Email is { Verdict: not (Verdict.Send or Verdict.Wait) }))
            if (!m.Email!.Value.SameAs(LastOn(Channel.Email, m.Id))) Note(Channel.Email, conversation, m, m.Email.Value);
        Decide(conversation);
    }

    private static IEnumerable<UnseenMessage> Sent(ChannelDecision decision) => decision.Rulings.Where(r => r.Ruling.Verdict == Verdict.Send).Select(r => r.Message);

    private void Tell(Channel channel, string conversation, IReadOnlyList<UnseenMessage> messages) =>
        Told.Add(new Told(channel, conversation, Now, messages, Recipient, Learned.Count));

    private void Note(Channel channel, string conversation, UnseenMessage message, Ruling ruling) =>
        Trace.Add(new Decided(Now, channel, conversation, message, ruling, Recipient, Learned.Count));

    private RecipientState WithinADay(RecipientState state) => state with { EmailsLastDay = [.. state.EmailsLastDay.Where(e => e > Now.AddHours(-24))] };
    private ConversationState WithinADay(ConversationState state) => state with { EmailsLastDay = [.. state.EmailsLastDay.Where(e => e > Now.AddHours(-24))] };
}

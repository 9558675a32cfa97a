using Notifier.Domain;

namespace Notifier.Benchmarks.Attention;

/// <summary>
/// Our <see cref="EscalationLadder"/> with its defaults: events become facts, the ladder decides, and an email goes out in the moment it is decided, after its last look.
/// Digests are left out: three conversations do not meet here.
/// </summary>
internal sealed class Ours : Mailer
{
    private const string Site = "site", Person = "person", Node = "node";
    private static readonly EscalationPolicy Policy = EscalationPolicy.Default;
    private readonly Dictionary<string, ConversationState> _conversations = [];
    private readonly Dictionary<string, DateTimeOffset> _alarms = [];
    private readonly Dictionary<(string Conversation, long Seq), Post> _posts = [];
    private RecipientState _person = new()
    {
        Key = new RecipientKey(Site, Person),
        Profile = new RecipientProfile(HasAddress: true, AddressSuppressed: false, Unsubscribed: false, TimeZoneInfo.Utc, NotificationPreferences.Default),
        HasPushSubscription = true,
    };

    public override string Name => "ours";

    public override void Arrives(Post post)
    {
        _posts[(post.Conversation, post.Seq)] = post;
        var message = new UnseenMessage($"{post.Conversation}-{post.Seq}", post.Seq, post.Kind, DeliveryOutcome.Undelivered, Presence.Offline, ActiveHere: false, Mentioned: false,
            Urgent: false, Own: false, Deleted: false, post.At, post.At, post.At, LastActivity: null, ExpiresAt: null);
        Decide(Of(post.Conversation).Add(message), post.At);
    }

    /// <summary>In the conversation for a moment, then gone again.</summary>
    public override void Reads(string conversation, long seq, DateTimeOffset at)
    {
        base.Reads(conversation, seq, at);
        _person = _person.Report(new PresenceReport(Node, Presence.Active, conversation, at, at, at)).Report(new PresenceReport(Node, Presence.Offline, null, at.AddTicks(1), at, at));
        Keep(Of(conversation).Enter(at).See(seq, at));
        foreach (var known in _conversations.Values.ToList()) Decide(known, at);
    }

    public override void Ticks(DateTimeOffset now)
    {
        foreach (var (conversation, _) in _alarms.Where(a => a.Value <= now).ToList()) Decide(Of(conversation), now);
    }

    private void Decide(ConversationState conversation, DateTimeOffset now)
    {
        conversation = conversation with { EmailsLastDay = [.. conversation.EmailsLastDay.Where(e => e > now.AddHours(-24))] };
        _person = _person with { EmailsLastDay = [.. _person.EmailsLastDay.Where(e => e > now.AddHours(-24))] };
        var decision = EscalationLadder.Decide(_person, conversation, Policy, now).Email;
        var rulings = decision.Rulings.ToDictionary(r => r.Message.Id, r => r.Ruling);
        conversation = conversation with { Unseen = [.. conversation.Unseen.Select(m => rulings.TryGetValue(m.Id, out var ruling) ? m.With(Channel.Email, ruling) : m)] };
        if (decision.AskAgainAt is { } at) _alarms[conversation.Conversation] = at;
        else _alarms.Remove(conversation.Conversation);
        if (decision.Newest is { } newest) conversation = Mail(conversation, newest.Seq, now);
        Keep(conversation.Forget());
    }

    private ConversationState Mail(ConversationState conversation, long upTo, DateTimeOffset now)
    {
        var look = EscalationLadder.LastLook(Channel.Email, _person, conversation, upTo, Policy, now);
        var told = look.Rulings.Where(r => r.Ruling.Verdict == Verdict.Send).Select(r => _posts[(conversation.Conversation, r.Message.Seq)]);
        Send(now, told);
        _person = _person with { EmailsLastDay = [.. _person.EmailsLastDay, now] };
        var attempt = Guid.NewGuid();
        return (conversation with { EmailAttempt = attempt })
            .Finish(new RelayEvent.EmailFinished(Site, now, Person, conversation.Conversation, attempt, upTo, Verdict.Told, Reason.Accepted));
    }

    private ConversationState Of(string conversation) => _conversations.GetValueOrDefault(conversation) ?? new ConversationState { Conversation = conversation };

    private void Keep(ConversationState conversation) => _conversations[conversation.Conversation] = conversation;
}

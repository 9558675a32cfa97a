using Notifier.Domain;

namespace Notifier.Worker.Storage;

/// <summary>Everything one turn writes. State, trace and what follows from it commit together or not at all.</summary>
internal sealed class TurnChanges
{
    public List<(string Site, MessageContent Content)> Messages { get; } = [];
    public List<RelayEvent.MessageEdited> Edits { get; } = [];
    public List<RelayEvent.MessageDeleted> Deletions { get; } = [];
    public Dictionary<(RecipientKey Recipient, string Node), PresenceReport> Presence { get; } = [];
    public List<(string Site, string Node, DateTimeOffset Until)> NodeLeases { get; } = [];
    /// <summary>With the device it was read on, where the relay says so.</summary>
    public List<(ConversationKey Key, ConversationState State, string? Device)> SeenMarks { get; } = [];
    public List<(ConversationKey Key, EscalationRow Row)> Escalations { get; } = [];
    public List<(ConversationKey Key, UnseenMessage Message)> UnseenMessages { get; } = [];

    /// <summary>What was seen: its rows go, and the notifications that tell of it are taken back.</summary>
    public List<(ConversationKey Key, long UpTo)> Forgotten { get; } = [];

    /// <summary>Crowded conversations that a push message tells of: with all that waits in them, loaded or not.</summary>
    public List<(ConversationKey Key, long Escalation)> TakenAlong { get; } = [];
    public List<PushOrder> Pushes { get; } = [];
    public List<EmailOrder> Emails { get; } = [];
    public List<TraceRow> Trace { get; } = [];
    public List<DeadLetter> DeadLetters { get; } = [];
}

/// <summary>A push message to every subscription of a person.</summary>
/// <param name="Message">The newest message it tells of, for the trace.</param>
internal readonly record struct PushOrder(ConversationKey Key, long UpTo, string Message);

/// <summary>An email that was decided: its identity is fixed before the first attempt.</summary>
/// <param name="Newest">By conversation: its newest message, for the trace.</param>
/// <param name="DueAt">Since when it, or the first of it, is due.</param>
internal sealed record EmailOrder(Guid Id, string MessageId, RecipientKey Recipient, IReadOnlyList<string> Conversations, IReadOnlyList<string> Newest, DateTimeOffset DueAt);

/// <summary>What was decided of a message at one moment, and why.</summary>
/// <param name="Push">Null: nothing new on this channel.</param>
/// <param name="Email">Null: nothing new on this channel.</param>
internal readonly record struct TraceRow(DateTimeOffset At, ConversationKey Key, string Message, long? Escalation, Ruling? Push, Ruling? Email)
{
    /// <summary>What the ladder went by.</summary>
    public Grounds? Grounds { get; init; }

    /// <summary>What a sender went by, as JSON.</summary>
    public string? Basis { get; init; }

    public IEnumerable<(Channel Channel, Ruling Ruling)> Rulings
    {
        get
        {
            if (Push is { } push) yield return (Channel.Push, push);
            if (Email is { } email) yield return (Channel.Email, email);
        }
    }
}

/// <summary>What the ladder went by when it decided.</summary>
/// <param name="Outcome">As reported.</param>
/// <param name="Reported">The presence at the report.</param>
/// <param name="Now">The presence at the decision.</param>
internal sealed record Grounds(
    DeliveryOutcome Outcome, Presence Reported, Presence Now, DateTimeOffset? LastActivity, long SeenUpTo, long Seq, DateTimeOffset SentAt, bool Device, bool Address);

/// <summary>What cannot be used, kept whole.</summary>
/// <param name="Kind"><c>event</c>, <c>push</c> or <c>email</c>.</param>
/// <param name="Reason">One word or path; <paramref name="Detail"/> says it in a sentence.</param>
internal sealed record DeadLetter(string? Site, string Kind, string? Source, string? EventId, string Reason, string Detail, string Body);

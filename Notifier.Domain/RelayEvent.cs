namespace Notifier.Domain;

/// <summary>What became of a message at the first rung, from least to most certain; the order is used: a later report never lowers it.</summary>
public enum DeliveryOutcome
{
    /// <summary>No socket took it.</summary>
    Undelivered,

    /// <summary>Written to a socket. Nobody has acknowledged it.</summary>
    Sent,

    /// <summary>Acknowledged by a client. Never means seen.</summary>
    Delivered,
}

/// <summary>Decides delay, urgency and level.</summary>
public enum MessageKind
{
    /// <summary>To one person.</summary>
    Direct,

    /// <summary>Names the person, in a group.</summary>
    Mention,

    /// <summary>To everyone in a group.</summary>
    Group,
}

/// <summary>What a relay tells the notifier, and the three things the notifier tells itself. The JSON of the first six is the contract; see <see cref="RelayEventReader"/>.</summary>
/// <param name="Site">The tenant.</param>
/// <param name="At">When it happened, by the relay's clock; never later than when it was received.</param>
public abstract record RelayEvent(string Site, DateTimeOffset At)
{
    /// <summary>A message and what became of it, for each recipient.</summary>
    public sealed record MessageOutcome(string Site, DateTimeOffset At, MessageContent Message, IReadOnlyList<RecipientOutcome> Recipients) : RelayEvent(Site, At);

    /// <summary>A person has looked at a conversation up to <paramref name="Seq"/>.</summary>
    /// <param name="Device">The relay's name for the browser it was read in; null: not known.</param>
    public sealed record ConversationSeen(string Site, DateTimeOffset At, string Recipient, string Conversation, long Seq, string? Device = null) : RelayEvent(Site, At);

    /// <summary>A message says something else now. The newest edit by <see cref="RelayEvent.At"/> wins.</summary>
    public sealed record MessageEdited(string Site, DateTimeOffset At, string Conversation, string Message, long Seq, string? Text, string? Sealed) : RelayEvent(Site, At);

    /// <summary>A message is not to be told any more.</summary>
    public sealed record MessageDeleted(string Site, DateTimeOffset At, string Conversation, string Message, long Seq) : RelayEvent(Site, At);

    /// <summary>A person came, went, or turned to something else.</summary>
    public sealed record PresenceChanged(string Site, DateTimeOffset At, string Recipient, Presence Presence, string? Conversation, DateTimeOffset? LastActiveAt, string Node)
        : RelayEvent(Site, At);

    /// <summary>A relay node lives: everyone it reported present stays so for <paramref name="Lease"/>.</summary>
    public sealed record RelayAlive(string Site, DateTimeOffset At, string Node, TimeSpan Lease) : RelayEvent(Site, At);

    /// <summary>Ours: a person's devices, address or preferences changed; every open escalation of theirs is decided anew.</summary>
    public sealed record RecipientChanged(string Site, DateTimeOffset At, string Recipient) : RelayEvent(Site, At);

    /// <summary>
    /// Ours: an email about a conversation reached its end. <paramref name="UpTo"/> is the newest <c>seq</c> it told of, and <paramref name="Messages"/> are those it told of:
    /// one with a lower <c>seq</c> may have come after the email was written. Null: all up to there.
    /// </summary>
    public sealed record EmailFinished(
        string Site, DateTimeOffset At, string Recipient, string Conversation, Guid Attempt, long UpTo, Verdict Verdict, Reason Reason, ISet<string>? Messages = null)
        : RelayEvent(Site, At)
    {
        public bool Covers(UnseenMessage message) => message.Seq <= UpTo && (Messages is null || Messages.Contains(message.Id));
    }

    /// <summary>Ours: an admin wants no email about what is unseen in a conversation now. What comes later is told as ever.</summary>
    public sealed record EmailCancelled(string Site, DateTimeOffset At, string Recipient, string Conversation) : RelayEvent(Site, At);
}

/// <summary>A message as the relay hands it over, once for all its recipients.</summary>
/// <param name="Seq">Rises within the conversation; where a relay sends none, the sending time in microseconds.</param>
/// <param name="Text">The words, or null where the message is sealed.</param>
/// <param name="Sealed">A JWE that only the site's key opens.</param>
/// <param name="Urgent">Passes quiet hours.</param>
/// <param name="ExpiresAt">After this nobody is told any more.</param>
/// <param name="TraceParent">The trace that its event named (W3C Trace Context); null: none.</param>
public sealed record MessageContent(
    string Id, string Conversation, long Seq, MessageKind Kind, string? Title, string SenderId, string? SenderName,
    string? Text, string? Sealed, DateTimeOffset SentAt, string? Url, bool Urgent, DateTimeOffset? ExpiresAt,
    string? TraceParent = null);

/// <summary>What became of a message for one recipient, and where that person was.</summary>
/// <param name="Conversation">The conversation the person had open; with <see cref="Presence.Active"/>.</param>
public sealed record RecipientOutcome(string Id, DeliveryOutcome Outcome, Presence Presence, string? Conversation, DateTimeOffset? LastActiveAt, bool Mentioned);

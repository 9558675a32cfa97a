namespace Notifier.Domain;

/// <summary>All that is known of one person when something is decided. Facts only merge (later, higher, newest wins), so events may come late, twice and in any order.</summary>
public sealed record RecipientState
{
    public required RecipientKey Key { get; init; }

    /// <summary>Whether the site is switched on; a site without a row of its own is.</summary>
    public bool SiteEnabled { get; init; } = true;

    /// <summary>Null where the site has registered nobody of that id, or has erased the person.</summary>
    public RecipientProfile? Profile { get; init; }

    /// <summary>The last report of each relay node.</summary>
    public IReadOnlyList<PresenceReport> Presence { get; init; } = [];

    /// <summary>Until when each relay node is known to live.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset> NodeLeases { get; init; } = new Dictionary<string, DateTimeOffset>();

    /// <summary>A subscription that has not been refused as gone.</summary>
    public bool HasPushSubscription { get; init; }

    /// <summary>When emails went out to this person in the last 24 h, oldest first.</summary>
    public IReadOnlyList<DateTimeOffset> EmailsLastDay { get; init; } = [];

    /// <summary>The person's latest input on any tab.</summary>
    public DateTimeOffset? LastActivity => Presence.Max(r => r.LastActivity);
}

/// <summary>What the site has registered of a person.</summary>
/// <param name="HasAddress">There is an email address.</param>
/// <param name="AddressSuppressed">The address was refused for good, or complained about.</param>
/// <param name="Unsubscribed">The person unsubscribed from email by a link.</param>
public sealed record RecipientProfile(bool HasAddress, bool AddressSuppressed, bool Unsubscribed, TimeZoneInfo TimeZone, NotificationPreferences Preferences)
{
    public ConversationPreference In(string conversation) => Preferences.Conversations.GetValueOrDefault(conversation) ?? new ConversationPreference();
}

/// <summary>One person's side of one conversation: what is unseen in it, and what was told of it.</summary>
public sealed record ConversationState
{
    public required string Conversation { get; init; }

    /// <summary>The highest <c>seq</c> the person has seen. It only rises.</summary>
    public long SeenUpTo { get; init; } = -1;

    /// <summary>When that was last reported.</summary>
    public DateTimeOffset? SeenAt { get; init; }

    /// <summary>When the person last had the conversation open and active.</summary>
    public DateTimeOffset? ActiveAt { get; init; }

    /// <summary>The messages above the seen mark, by <c>seq</c>.</summary>
    public IReadOnlyList<UnseenMessage> Unseen { get; init; } = [];

    /// <summary>How many emails went out since the conversation was last seen, as of <see cref="LastEmailAt"/>.</summary>
    public int EmailLevel { get; init; }

    public DateTimeOffset? LastEmailAt { get; init; }

    /// <summary>When emails about this conversation went out in the last 24 h, oldest first.</summary>
    public IReadOnlyList<DateTimeOffset> EmailsLastDay { get; init; } = [];

    /// <summary>An email about it that waits, is being sent or waits for a retry: it will tell of everything unseen when it goes. Null: none.</summary>
    public Guid? EmailAttempt { get; init; }

    /// <summary>The step of the email ladder: seeing the conversation, or being active in it, starts it anew.</summary>
    public int StepsTaken => LastEmailAt is { } last && !(SeenAt >= last) && !(ActiveAt >= last) ? EmailLevel : 0;
}

/// <summary>A message one person has not seen.</summary>
/// <param name="Presence">Where the person was at message time.</param>
/// <param name="ActiveHere">…and had this conversation open.</param>
/// <param name="ReportedAt">When the relay said so.</param>
/// <param name="ReceivedAt">When that reached us: starts the lease of <paramref name="Presence"/>.</param>
/// <param name="LastActivity">The person's last input as of that report, where the relay says so.</param>
/// <param name="Push">Where the message stands on the push rung; null before the first decision.</param>
/// <param name="Email">The same for email.</param>
public sealed record UnseenMessage(
    string Id, long Seq, MessageKind Kind, DeliveryOutcome Outcome, Presence Presence, bool ActiveHere, bool Mentioned, bool Urgent, bool Own, bool Deleted,
    DateTimeOffset SentAt, DateTimeOffset ReportedAt, DateTimeOffset ReceivedAt, DateTimeOffset? LastActivity, DateTimeOffset? ExpiresAt, Ruling? Push = null, Ruling? Email = null)
{
    public bool NamesThePerson => Mentioned || Kind == MessageKind.Mention;

    /// <summary>The person had it on an open, active screen: the client acknowledged, with the conversation in front.</summary>
    public bool BeforeTheirEyes => Outcome == DeliveryOutcome.Delivered && Presence == Presence.Active && ActiveHere;

    public Ruling? On(Channel channel) => channel == Channel.Push ? Push : Email;

    public UnseenMessage With(Channel channel, Ruling? ruling) => channel == Channel.Push ? this with { Push = ruling } : this with { Email = ruling };
}

/// <summary>What was decided, and why.</summary>
/// <param name="Until">With <see cref="Verdict.Wait"/>: when to ask again.</param>
public readonly record struct Ruling(Verdict Verdict, Reason Reason, DateTimeOffset? Until = null)
{
    public static Ruling Wait(Reason reason, DateTimeOffset until) => new(Verdict.Wait, reason, until);
    public static Ruling Skip(Reason reason) => new(Verdict.Skip, reason);

    /// <summary>Still to be told; everything else is an end on its channel.</summary>
    public bool IsOpen => Verdict == Verdict.Wait;

    /// <summary>The same verdict for the same reason: not news for the trace, even if the time moved.</summary>
    public bool SameAs(Ruling? other) => other is { } o && o.Verdict == Verdict && o.Reason == Reason;
}

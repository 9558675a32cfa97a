namespace Notifier.Domain;

/// <summary>A way to reach a person: a rung of the ladder above the WebSocket.</summary>
public enum Channel
{
    Push,
    Email,
}

/// <summary>What was decided about one message on one channel.</summary>
public enum Verdict
{
    /// <summary>Later: the due time moves. Never drops anything.</summary>
    Wait,

    /// <summary>Now: handed to the channel.</summary>
    Send,

    /// <summary>Not on this channel, for good.</summary>
    Skip,

    /// <summary>Too old to be worth telling.</summary>
    Expire,

    /// <summary>The push service or the mail server has accepted it.</summary>
    Told,

    /// <summary>The channel refused it for good; kept as a dead letter where it can be replayed.</summary>
    Failed,
}

/// <summary>The one word that says why, everywhere: trace, metrics, answers. The gate asks the first group in this very order.</summary>
public enum Reason
{
    /// <summary>The site is switched off.</summary>
    SiteDisabled,

    /// <summary>Nobody of that id is registered, or the person was erased.</summary>
    RecipientGone,

    /// <summary>Mail to this address was refused for good, or complained about.</summary>
    AddressSuppressed,

    /// <summary>The person wants nothing on this channel.</summary>
    Unsubscribed,

    /// <summary>The person muted this conversation.</summary>
    ConversationMuted,

    /// <summary>The person wants mentions only, and this is none.</summary>
    BelowLevel,

    /// <summary>The person wrote it.</summary>
    OwnMessage,

    /// <summary>The message was deleted.</summary>
    Deleted,

    /// <summary>The person has seen it.</summary>
    AlreadySeen,

    /// <summary>Wait: the person has this very conversation before their eyes.</summary>
    ActiveInConversation,

    /// <summary>Wait: the person is there, at another conversation, or at a hidden tab.</summary>
    OnlineElsewhere,

    /// <summary>Wait: the person's quiet hours; until they end.</summary>
    QuietHours,

    /// <summary>Wait: told often enough for now; or, after the last step of the email ladder, no more until the conversation is seen.</summary>
    Throttled,

    /// <summary>Expired: older than is worth telling.</summary>
    Stale,

    /// <summary>No subscription to push to.</summary>
    NoDevice,

    /// <summary>No address to mail to.</summary>
    NoAddress,

    /// <summary>Told on this channel before.</summary>
    Duplicate,

    /// <summary>Wait: the email delay is not over.</summary>
    Delay,

    /// <summary>Wait: more may follow at once, or an email about this conversation is under way.</summary>
    Coalescing,

    /// <summary>Send: unseen, and nothing stands against it.</summary>
    Unseen,

    /// <summary>The push service or mail server took it.</summary>
    Accepted,

    /// <summary>Retried: a passing fault of the push service, the mail server, or the way there.</summary>
    Transient,

    /// <summary>The subscription is gone; its registration was removed.</summary>
    SubscriptionGone,

    /// <summary>The push service asked for less; held, not dropped.</summary>
    SlowDown,

    /// <summary>Our VAPID key is refused with 401 or 403. Nothing is deleted.</summary>
    Unauthorized,

    /// <summary>Refused for what it is: a dead letter.</summary>
    Rejected,

    /// <summary>Nothing told whether the mail server kept it: sent once more, under the same Message-ID.</summary>
    OutcomeUnknown,

    /// <summary>An admin cancelled it.</summary>
    Cancelled,

    /// <summary>The subscription was made with another VAPID key, says its push service. Nothing is deleted; registering anew mends it.</summary>
    OtherKey,
}

/// <summary>The words of closed lists as the outside knows them: <c>already_seen</c>.</summary>
public static class Words
{
    private static readonly string[] Reasons = [.. Enum.GetNames<Reason>().Select(SnakeCase)];
    private static readonly string[] Verdicts = [.. Enum.GetNames<Verdict>().Select(SnakeCase)];
    private static readonly string[] Channels = [.. Enum.GetNames<Channel>().Select(SnakeCase)];
    private static readonly string[] Outcomes = [.. Enum.GetNames<DeliveryOutcome>().Select(SnakeCase)];
    private static readonly string[] Presences = [.. Enum.GetNames<Presence>().Select(SnakeCase)];

    public static string Word(this Reason reason) => Reasons[(int)reason];
    public static string Word(this Verdict verdict) => Verdicts[(int)verdict];
    public static string Word(this Channel channel) => Channels[(int)channel];
    public static string Word(this DeliveryOutcome outcome) => Outcomes[(int)outcome];
    public static string Word(this Presence presence) => Presences[(int)presence];

    public static Reason ToReason(string word) => (Reason)IndexOf(Reasons, word);
    public static Verdict ToVerdict(string word) => (Verdict)IndexOf(Verdicts, word);

    private static int IndexOf(string[] words, string word) =>
        Array.IndexOf(words, word) is >= 0 and var index ? index : throw new ArgumentOutOfRangeException(nameof(word), word, "not a word of the closed list");

    private static string SnakeCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i == 0 ? "" : "_") + char.ToLowerInvariant(c) : c.ToString()));
}

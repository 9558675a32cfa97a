using Notifier.Domain;

namespace Notifier.Worker.Escalation;

/// <summary>The section <c>Escalation</c>: every number of the ladder, and how the worker goes about it. The limits hold in Production; Development takes any positive value.</summary>
public sealed class EscalationOptions
{
    public const string Section = "Escalation";

    private static readonly EscalationPolicy Default = EscalationPolicy.Default;

    /// <inheritdoc cref="EscalationPolicy.ActiveWait"/>
    public TimeSpan ActiveWait { get; set; } = Default.ActiveWait;

    /// <inheritdoc cref="EscalationPolicy.OnlineWait"/>
    public TimeSpan OnlineWait { get; set; } = Default.OnlineWait;

    /// <inheritdoc cref="EscalationPolicy.IdleWait"/>
    public TimeSpan IdleWait { get; set; } = Default.IdleWait;

    /// <inheritdoc cref="EscalationPolicy.PresenceLease"/>
    public TimeSpan PresenceLease { get; set; } = Default.PresenceLease;

    /// <inheritdoc cref="EscalationPolicy.EmailDelay"/>
    public TimeSpan EmailDelay { get; set; } = Default.EmailDelay;

    /// <inheritdoc cref="EscalationPolicy.GroupEmailDelay"/>
    public TimeSpan GroupEmailDelay { get; set; } = Default.GroupEmailDelay;

    /// <inheritdoc cref="EscalationPolicy.EmailDelayFloor"/>
    public TimeSpan EmailDelayFloor { get; set; } = Default.EmailDelayFloor;

    /// <inheritdoc cref="EscalationPolicy.MaxPresenceDelay"/>
    public TimeSpan MaxPresenceDelay { get; set; } = Default.MaxPresenceDelay;

    /// <inheritdoc cref="EscalationPolicy.QuietPeriod"/>
    public TimeSpan QuietPeriod { get; set; } = Default.QuietPeriod;

    /// <inheritdoc cref="EscalationPolicy.MaxQuietWait"/>
    public TimeSpan MaxQuietWait { get; set; } = Default.MaxQuietWait;

    /// <inheritdoc cref="EscalationPolicy.EmailLadder"/>
    public IList<TimeSpan> EmailLadder { get; } = [];

    /// <inheritdoc cref="EscalationPolicy.EmailsPerConversation"/>
    public int EmailsPerConversation { get; set; } = Default.EmailsPerConversation;

    /// <inheritdoc cref="EscalationPolicy.EmailsPerRecipient"/>
    public int EmailsPerRecipient { get; set; } = Default.EmailsPerRecipient;

    /// <inheritdoc cref="EscalationPolicy.DigestAbove"/>
    public int DigestAbove { get; set; } = Default.DigestAbove;

    /// <inheritdoc cref="EscalationPolicy.MessagesShown"/>
    public int MessagesShown { get; set; } = Default.MessagesShown;

    /// <inheritdoc cref="EscalationPolicy.StaleAfter"/>
    public TimeSpan StaleAfter { get; set; } = Default.StaleAfter;

    /// <inheritdoc cref="EscalationPolicy.PushTtl"/>
    public TimeSpan PushTtl { get; set; } = Default.PushTtl;

    /// <inheritdoc cref="EscalationPolicy.DismissOnApple"/>
    public bool DismissOnApple { get; set; } = Default.DismissOnApple;

    /// <inheritdoc cref="EscalationPolicy.SubscriptionUnusedAfter"/>
    public TimeSpan SubscriptionUnusedAfter { get; set; } = Default.SubscriptionUnusedAfter;

    /// <inheritdoc cref="EscalationPolicy.SubscriptionsPerRecipient"/>
    public int SubscriptionsPerRecipient { get; set; } = Default.SubscriptionsPerRecipient;

    /// <summary>How many shards are worked on at once. 1 to 64, default 2.</summary>
    public int Lanes { get; set; } = 2;

    /// <summary>How many events one transaction decides at most. 1 to 10,000, default 1,000.</summary>
    public int BatchSize { get; set; } = 1000;

    /// <summary>How often the tables are looked at when no bell rings. 10 ms to 1 min, default 250 ms.</summary>
    public TimeSpan Poll { get; set; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The numbers as the ladder takes them.</summary>
    internal EscalationPolicy Policy => _policy ??= new EscalationPolicy
    {
        ActiveWait = ActiveWait,
        OnlineWait = OnlineWait,
        IdleWait = IdleWait,
        PresenceLease = PresenceLease,
        EmailDelay = EmailDelay,
        GroupEmailDelay = GroupEmailDelay,
        EmailDelayFloor = EmailDelayFloor,
        MaxPresenceDelay = MaxPresenceDelay,
        QuietPeriod = QuietPeriod,
        MaxQuietWait = MaxQuietWait,
        EmailLadder = EmailLadder.Count > 0 ? [.. EmailLadder] : Default.EmailLadder,
        EmailsPerConversation = EmailsPerConversation,
        EmailsPerRecipient = EmailsPerRecipient,
        DigestAbove = DigestAbove,
        MessagesShown = MessagesShown,
        StaleAfter = StaleAfter,
        PushTtl = PushTtl,
        DismissOnApple = DismissOnApple,
        SubscriptionsPerRecipient = SubscriptionsPerRecipient,
        SubscriptionUnusedAfter = SubscriptionUnusedAfter,
    };

    private EscalationPolicy? _policy;
}

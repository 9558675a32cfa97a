namespace Notifier.Domain;

/// <summary>Every number of the ladder. The defaults are the promise of docs/escalation.md; a site may set its own.</summary>
public sealed record EscalationPolicy
{
    public static EscalationPolicy Default { get; } = new();

    /// <summary>Push waits this long for a person who has the conversation open and whose client acknowledged. Default 30 s.</summary>
    public TimeSpan ActiveWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Push waits this long for a person who is there, but elsewhere. Default 60 s.</summary>
    public TimeSpan OnlineWait { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Push waits this long for a person whose tabs are hidden or without input. Default 20 s.</summary>
    public TimeSpan IdleWait { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a report of presence holds without renewal. Default 45 s.</summary>
    public TimeSpan PresenceLease { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Email delay for direct messages and mentions. 1 min to 24 h, default 10 min.</summary>
    public TimeSpan EmailDelay { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Email delay for groups. 1 min to 24 h, default 30 min.</summary>
    public TimeSpan GroupEmailDelay { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Without a working push subscription half the delay holds, but never less than this. Default 2 min.</summary>
    public TimeSpan EmailDelayFloor { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Activity elsewhere moves an email at most to this long after the message. Default 60 min.</summary>
    public TimeSpan MaxPresenceDelay { get; init; } = TimeSpan.FromMinutes(60);

    /// <summary>An email waits for the conversation to be quiet this long. Default 60 s.</summary>
    public TimeSpan QuietPeriod { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>…but at most this much longer than it was due. Default 5 min.</summary>
    public TimeSpan MaxQuietWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The least time between an email and the next about the same unseen conversation; after the last step there is none. Default 1, 6, 24 h.</summary>
    public IReadOnlyList<TimeSpan> EmailLadder { get; init; } = [TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24)];

    /// <summary>Emails about one conversation in 24 h. Default 4.</summary>
    public int EmailsPerConversation { get; init; } = 4;

    /// <summary>Emails to one person in 24 h. Default 20.</summary>
    public int EmailsPerRecipient { get; init; } = 20;

    /// <summary>More conversations than this, due together for one person, become one digest. Default 3.</summary>
    public int DigestAbove { get; init; } = 3;

    /// <summary>How many of the unseen messages an email shows; it counts all. Default 10.</summary>
    public int MessagesShown { get; init; } = 10;

    /// <summary>A message older than this is told to nobody. Default 72 h.</summary>
    public TimeSpan StaleAfter { get; init; } = TimeSpan.FromHours(72);

    /// <summary>How long a push service keeps a push message. 1 s to 28 days, default 24 h.</summary>
    public TimeSpan PushTtl { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Takes notifications back on Apple's devices too, which end a subscription after three push messages that show nothing. Default false.</summary>
    public bool DismissOnApple { get; init; }

    /// <summary>Subscriptions kept per person; the least recently used goes. Default 20.</summary>
    public int SubscriptionsPerRecipient { get; init; } = 20;

    /// <summary>A subscription whose page was not opened, and which took no push message, for this long is removed. 1 to 3,650 days, default 180.</summary>
    public TimeSpan SubscriptionUnusedAfter { get; init; } = TimeSpan.FromDays(180);
}

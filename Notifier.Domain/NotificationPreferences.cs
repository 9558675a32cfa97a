namespace Notifier.Domain;

/// <summary>What a person wants to be told of, as the site stores it with <c>PUT …/recipients/{id}</c>.</summary>
public sealed record NotificationPreferences
{
    public static NotificationPreferences Default { get; } = new();

    /// <summary>Emails at all. Default true.</summary>
    public bool Email { get; init; } = true;

    /// <summary>Push messages at all. Default true.</summary>
    public bool Push { get; init; } = true;

    /// <summary>The person's own email delay, 1 min to 24 h; null: the site's.</summary>
    public TimeSpan? EmailDelay { get; init; }

    /// <summary>When not to disturb, in the person's time zone. Default none.</summary>
    public IReadOnlyList<QuietHours> QuietHours { get; init; } = [];

    /// <summary>Not to be disturbed before this moment, whatever the hour: as in quiet hours, urgent passes and the rest is told at the end. Null: not set.</summary>
    public DateTimeOffset? DoNotDisturbUntil { get; init; }

    /// <summary>By conversation; one that is not named is at level <see cref="ConversationLevel.All"/>.</summary>
    public IReadOnlyDictionary<string, ConversationPreference> Conversations { get; init; } = new Dictionary<string, ConversationPreference>();
}

/// <summary>What of a conversation a person wants to be told.</summary>
public enum ConversationLevel
{
    /// <summary>Everything.</summary>
    All,

    /// <summary>Only what names the person.</summary>
    Mentions,

    /// <summary>Nothing.</summary>
    None,
}

/// <param name="MutedUntil">Nothing before this moment; null: not muted.</param>
public sealed record ConversationPreference(ConversationLevel Level = ConversationLevel.All, DateTimeOffset? MutedUntil = null);

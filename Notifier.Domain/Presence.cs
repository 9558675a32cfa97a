namespace Notifier.Domain;

/// <summary>Where a person is, from least to most present; the order is used: presence is the maximum over tabs and devices.</summary>
public enum Presence
{
    /// <summary>No live lease: nothing that reports this person is known to be alive. Also what an unknown presence counts as.</summary>
    Offline,

    /// <summary>A socket, but every tab is hidden or without input.</summary>
    Idle,

    /// <summary>A visible tab, with input in the last 150 s.</summary>
    Online,

    /// <summary>A visible tab with a conversation open, with input in the last 60 s.</summary>
    Active,
}

/// <summary>What one relay node last said of one person. A later report of the same node replaces an earlier one, whatever order they arrive in.</summary>
/// <param name="Node">The relay node that holds the connections; empty where the relay does not say.</param>
/// <param name="State">The state reported.</param>
/// <param name="Conversation">The conversation that is open; only with <see cref="Presence.Active"/>.</param>
/// <param name="At">When the relay saw it: orders reports of one node.</param>
/// <param name="ReceivedAt">When it reached us, by the database's clock: starts the lease.</param>
/// <param name="LastActiveAt">The last input, where the relay says so.</param>
public sealed record PresenceReport(string Node, Presence State, string? Conversation, DateTimeOffset At, DateTimeOffset ReceivedAt, DateTimeOffset? LastActiveAt)
{
    /// <summary>The last moment the person is known to have been at the keyboard; to be Active or Online is to have been.</summary>
    public DateTimeOffset? LastActivity => LastActiveAt ?? (State >= Presence.Online ? At : null);

    /// <summary>
    /// The later of two reports of one node; at the same moment the more present one, so that the order of arrival cannot matter.
    /// Activity that only the earlier one tells of stays known: a person who turns Idle was still there until then.
    /// </summary>
    public static PresenceReport Later(PresenceReport a, PresenceReport b)
    {
        var order = a.At.CompareTo(b.At);
        if (order == 0) order = a.State.CompareTo(b.State);
        if (order == 0) order = string.CompareOrdinal(a.Conversation, b.Conversation);
        if (order == 0) order = a.ReceivedAt.CompareTo(b.ReceivedAt);
        if (order == 0) order = Nullable.Compare(a.LastActivity, b.LastActivity);
        if (order == 0) order = Nullable.Compare(a.LastActiveAt, b.LastActiveAt);
        var (later, earlier) = order >= 0 ? (a, b) : (b, a);
        return later.LastActivity is null || earlier.LastActivity > later.LastActivity ? later with { LastActiveAt = earlier.LastActivity } : later;
    }
}

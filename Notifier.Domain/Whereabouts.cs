namespace Notifier.Domain;

/// <summary>Where the person is now, as far as one message is concerned. Presence is a lease: what nothing alive vouches for is Offline.</summary>
/// <param name="Conversation">The conversation that is open; with <see cref="Presence.Active"/>.</param>
/// <param name="Until">When the last lease behind this very state ends, even if another node still vouches for less; null when Offline.</param>
internal readonly record struct Whereabouts(Presence State, string? Conversation, DateTimeOffset? Until)
{
    private static readonly Whereabouts Gone = new(Presence.Offline, null, null);

    /// <summary>
    /// What the message's own report said holds until a node reports anew; then the maximum over all nodes that live does, since a person
    /// may be connected by several.
    /// </summary>
    public static Whereabouts Of(RecipientState recipient, ConversationState conversation, UnseenMessage message, EscalationPolicy policy, DateTimeOffset now)
    {
        var newer = false;
        var best = Gone;
        DateTimeOffset? nodesLiveUntil = null;
        foreach (var report in recipient.Presence)
        {
            newer |= report.At > message.ReportedAt;
            if (report.State == Presence.Offline || LeaseEnd(recipient, report, policy) is var end && end <= now) continue;
            if (nodesLiveUntil is null || end > nodesLiveUntil) nodesLiveUntil = end;
            var here = new Whereabouts(report.State, report.Conversation, end);
            if (here.Rank(conversation).CompareTo(best.Rank(conversation)) > 0) best = here;
        }
        if (newer) return best;

        var until = message.ReceivedAt + policy.PresenceLease;
        if (nodesLiveUntil > until) until = nodesLiveUntil.Value;
        return message.Presence == Presence.Offline || until <= now ? Gone : new(message.Presence, message.ActiveHere ? conversation.Conversation : null, until);
    }

    public bool IsIn(ConversationState conversation) => State == Presence.Active && Conversation == conversation.Conversation;

    private (Presence, bool, DateTimeOffset?) Rank(ConversationState conversation) => (State, IsIn(conversation), Until);

    private static DateTimeOffset LeaseEnd(RecipientState recipient, PresenceReport report, EscalationPolicy policy)
    {
        var own = report.ReceivedAt + policy.PresenceLease;
        return recipient.NodeLeases.TryGetValue(report.Node, out var node) && node > own ? node : own;
    }
}

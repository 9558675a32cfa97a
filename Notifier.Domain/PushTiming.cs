namespace Notifier.Domain;

/// <summary>When a push message is due; the rules that move it and never drop it, in the promised order.</summary>
internal static class PushTiming
{
    /// <summary>What holds the conversation back now; null: nothing.</summary>
    public static Ruling? Holds(RecipientState recipient, ConversationState conversation, IReadOnlyList<UnseenMessage> eligible, EscalationPolicy policy, DateTimeOffset now)
    {
        // The first message that is due takes the later ones along.
        var first = eligible.Select(m => PresenceWait(recipient, conversation, m, policy, now)).MinBy(r => r.Until);
        return first.Until > now ? first : Disturbance.Holds(recipient, eligible, now);
    }

    private static Ruling PresenceWait(RecipientState recipient, ConversationState conversation, UnseenMessage message, EscalationPolicy policy, DateTimeOffset now)
    {
        var where = Whereabouts.Of(recipient, conversation, message, policy, now);
        var reading = where.IsIn(conversation) && message.Outcome == DeliveryOutcome.Delivered;
        var wait = where.State switch
        {
            _ when message.Outcome == DeliveryOutcome.Undelivered => TimeSpan.Zero,
            // Where the person was at message time says how long: to enter the conversation later must not hasten the push message.
            Presence.Active or Presence.Online => message.BeforeTheirEyes ? policy.ActiveWait : policy.OnlineWait,
            // Who was there at message time and has turned away since is told at once.
            Presence.Idle => message.Presence > Presence.Idle ? TimeSpan.Zero : policy.IdleWait,
            _ => TimeSpan.Zero,
        };
        // What no client acknowledged may lie in a dead socket: presence vouches for it no longer than one lease, whoever renews it.
        if (message.Outcome == DeliveryOutcome.Sent && wait > policy.PresenceLease) wait = policy.PresenceLease;
        var due = message.SentAt + wait;
        // When the lease ends the person counts as gone: that is the moment to ask again.
        return Ruling.Wait(reading ? Reason.ActiveInConversation : Reason.OnlineElsewhere, where.Until < due ? where.Until.Value : due);
    }
}

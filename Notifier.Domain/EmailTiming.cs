namespace Notifier.Domain;

/// <summary>When an email is due; the rules that move it and never drop it, in the promised order.</summary>
internal static class EmailTiming
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    /// <summary>What holds the conversation back now; null: nothing. Only the end of the email ladder is no wait: then it takes a look at the conversation to begin anew.</summary>
    public static Ruling? Holds(RecipientState recipient, ConversationState conversation, IReadOnlyList<UnseenMessage> eligible, EscalationPolicy policy, DateTimeOffset now)
    {
        // The first message that is due takes the later ones along.
        var first = eligible.MinBy(m => Due(recipient, conversation, m, policy, now))!;
        var due = Due(recipient, conversation, first, policy, now);
        if (now < due) return Ruling.Wait(WhyNotYet(recipient, conversation, first, policy, now), due);

        return Disturbance.Holds(recipient, eligible, now)
            ?? Ladder(conversation, policy, now)
            ?? Cap(conversation.EmailsLastDay, policy.EmailsPerConversation, now)
            ?? Cap(recipient.EmailsLastDay, policy.EmailsPerRecipient, now)
            ?? Coalesce(conversation, eligible, due, policy, now);
    }

    private static DateTimeOffset Due(RecipientState recipient, ConversationState conversation, UnseenMessage message, EscalationPolicy policy, DateTimeOffset now)
    {
        var delay = Delay(recipient, message, policy);
        var plain = message.SentAt + delay;
        var reportedSince = recipient.Presence.Any(r => r.At > message.ReportedAt);
        if (message.BeforeTheirEyes && !reportedSince) return plain;

        // Activity after the message moves the email, up to a limit; an undelivered message counts from there too once the person is back.
        var latest = message.SentAt + policy.MaxPresenceDelay;
        if (latest < plain) latest = plain;
        var active = Latest(recipient.LastActivity, message.LastActivity);
        var moved = active > message.SentAt ? active.Value + delay : plain;
        // Relays report changes only: whoever is there by a live lease is active to this moment. What no client acknowledged needs a report from after it.
        if (moved <= now && (reportedSince || message.Outcome == DeliveryOutcome.Delivered)
            && Whereabouts.Of(recipient, conversation, message, policy, now).State >= Presence.Online)
            moved = now + delay;
        return moved < latest ? moved : latest;
    }

    private static TimeSpan Delay(RecipientState recipient, UnseenMessage message, EscalationPolicy policy)
    {
        var delay = recipient.Profile?.Preferences.EmailDelay
            ?? (message.Kind == MessageKind.Direct || message.NamesThePerson ? policy.EmailDelay : policy.GroupEmailDelay);
        if (recipient.HasPushSubscription) return delay;
        var floor = delay < policy.EmailDelayFloor ? delay : policy.EmailDelayFloor;
        return delay / 2 > floor ? delay / 2 : floor;
    }

    private static Reason WhyNotYet(RecipientState recipient, ConversationState conversation, UnseenMessage message, EscalationPolicy policy, DateTimeOffset now)
    {
        var where = Whereabouts.Of(recipient, conversation, message, policy, now);
        return where.IsIn(conversation) ? Reason.ActiveInConversation : where.State > Presence.Offline ? Reason.OnlineElsewhere : Reason.Delay;
    }

    private static Ruling? Ladder(ConversationState conversation, EscalationPolicy policy, DateTimeOffset now)
    {
        var steps = conversation.StepsTaken;
        if (steps > policy.EmailLadder.Count) return Ruling.Skip(Reason.Throttled);
        return NextStepAt(conversation, policy) is { } next && now < next ? Ruling.Wait(Reason.Throttled, next) : null;
    }

    private static DateTimeOffset? NextStepAt(ConversationState conversation, EscalationPolicy policy) =>
        conversation.StepsTaken is > 0 and var steps ? conversation.LastEmailAt + policy.EmailLadder[steps - 1] : null;

    private static Ruling? Cap(IReadOnlyList<DateTimeOffset> sent, int most, DateTimeOffset now) =>
        sent.Count >= most && sent[^most] + Day is var free && now < free ? Ruling.Wait(Reason.Throttled, free) : null;

    private static Ruling? Coalesce(ConversationState conversation, IReadOnlyList<UnseenMessage> eligible, DateTimeOffset due, EscalationPolicy policy, DateTimeOffset now)
    {
        // What is under way tells of these as well, or comes back as finished and asks again; the time is only a net under it.
        if (conversation.EmailAttempt is not null) return Ruling.Wait(Reason.Coalescing, now + policy.QuietPeriod);

        var from = NextStepAt(conversation, policy) is { } next && next > due ? next : due;
        var quiet = eligible.Max(m => m.SentAt) + policy.QuietPeriod;
        if (quiet > from + policy.MaxQuietWait) quiet = from + policy.MaxQuietWait;
        return now < quiet ? Ruling.Wait(Reason.Coalescing, quiet) : null;
    }

    private static DateTimeOffset? Latest(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b ?? a : a;
}

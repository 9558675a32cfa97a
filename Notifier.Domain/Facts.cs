namespace Notifier.Domain;

/// <summary>How events become facts. Every merge is commutative, associative and idempotent: that is why order and repetition cannot matter.</summary>
public static class Facts
{
    /// <summary>A message and what became of it. Reported twice, the outcome only rises, and presence at message time is what the first report said.</summary>
    public static ConversationState Add(this ConversationState conversation, UnseenMessage message)
    {
        var unseen = conversation.Unseen.ToList();
        var known = unseen.FindIndex(m => m.Id == message.Id);
        if (known >= 0)
        {
            message = Merge(unseen[known], message);
            unseen.RemoveAt(known);
        }
        var place = unseen.FindLastIndex(m => (m.Seq, m.Id).CompareTo((message.Seq, message.Id)) <= 0);
        unseen.Insert(place + 1, message);
        return conversation with { Unseen = unseen };
    }

    /// <summary>The person has seen everything up to <paramref name="seq"/>. The messages stay until the next decision has said so of each: <see cref="Forget"/>.</summary>
    public static ConversationState See(this ConversationState conversation, long seq, DateTimeOffset at) => conversation with
    {
        SeenUpTo = Math.Max(conversation.SeenUpTo, seq),
        SeenAt = Max(conversation.SeenAt, at),
    };

    /// <summary>The person is active in this conversation.</summary>
    public static ConversationState Enter(this ConversationState conversation, DateTimeOffset at) => conversation with { ActiveAt = Max(conversation.ActiveAt, at) };

    /// <summary>Drops what is seen: the mark stands for it from now on.</summary>
    public static ConversationState Forget(this ConversationState conversation) =>
        conversation with { Unseen = [.. conversation.Unseen.Where(m => m.Seq > conversation.SeenUpTo)] };

    /// <summary>An email has reached its end. Said twice, or of an email that is not the one under way, it changes nothing.</summary>
    public static ConversationState Finish(this ConversationState conversation, RelayEvent.EmailFinished finished)
    {
        if (conversation.EmailAttempt != finished.Attempt) return conversation;
        var told = finished.Verdict == Verdict.Told;
        Ruling? end = finished.Verdict == Verdict.Wait ? null : new Ruling(finished.Verdict, finished.Reason);
        return conversation with
        {
            EmailAttempt = null,
            EmailLevel = told ? conversation.StepsTaken + 1 : conversation.EmailLevel,
            LastEmailAt = told ? finished.At : conversation.LastEmailAt,
            EmailsLastDay = told ? [.. conversation.EmailsLastDay, finished.At] : conversation.EmailsLastDay,
            Unseen = [.. conversation.Unseen.Select(After)],
        };

        // An email tells of what waited beside it as well; one that was not sent ends only what was handed to it. The rest is open again, for the gate to decide.
        UnseenMessage After(UnseenMessage m) => m.Email switch
        {
            { Verdict: Verdict.Send } => m with { Email = finished.Covers(m) ? end : null },
            { Verdict: Verdict.Wait } => m with { Email = told && finished.Covers(m) ? end : null },
            _ => m,
        };
    }

    /// <summary>An admin cancelled the email about what is unseen; said twice, it changes nothing. The one under way, if any, is withdrawn where its row is.</summary>
    public static ConversationState Cancel(this ConversationState conversation) => conversation with
    {
        EmailAttempt = null,
        Unseen = [.. conversation.Unseen.Select(m => IsToBeMailed(m, conversation) ? m with { Email = Ruling.Skip(Reason.Cancelled) } : m)],
    };

    /// <summary>Undecided, waiting, or handed to an email that has not reached its end.</summary>
    private static bool IsToBeMailed(UnseenMessage message, ConversationState conversation) =>
        message.Email is null or { IsOpen: true } || (message.Email is { Verdict: Verdict.Send } && conversation.EmailAttempt is not null);

    public static RecipientState Report(this RecipientState recipient, PresenceReport report)
    {
        var reports = recipient.Presence.ToList();
        var known = reports.FindIndex(r => r.Node == report.Node);
        if (known < 0) reports.Add(report);
        else reports[known] = PresenceReport.Later(reports[known], report);
        return recipient with { Presence = reports };
    }

    private static UnseenMessage Merge(UnseenMessage a, UnseenMessage b)
    {
        var (first, _) = Earlier(a, b) ? (a, b) : (b, a);
        return first with
        {
            Outcome = a.Outcome > b.Outcome ? a.Outcome : b.Outcome,
            Mentioned = a.Mentioned || b.Mentioned,
            Urgent = a.Urgent || b.Urgent,
            Own = a.Own || b.Own,
            Deleted = a.Deleted || b.Deleted,
            LastActivity = Max(a.LastActivity, b.LastActivity),
            Push = a.Push ?? b.Push,
            Email = a.Email ?? b.Email,
        };
    }

    private static bool Earlier(UnseenMessage a, UnseenMessage b) =>
        (a.ReportedAt, b.Presence, b.ActiveHere, a.SentAt, a.ReceivedAt, a.Seq, a.Kind, a.ExpiresAt)
            .CompareTo((b.ReportedAt, a.Presence, a.ActiveHere, b.SentAt, b.ReceivedAt, b.Seq, b.Kind, b.ExpiresAt)) <= 0;

    private static DateTimeOffset? Max(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b ?? a : a;
}

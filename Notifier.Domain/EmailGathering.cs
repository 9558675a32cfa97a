namespace Notifier.Domain;

/// <summary>What is due together for one person: an email for each conversation, or one digest of all of them.</summary>
public static class EmailGathering
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    /// <param name="due">The conversations that an email is to tell of now, as they were before that was decided: what a message waited for stands on it.</param>
    public static bool IsOneDigest(RecipientState recipient, IReadOnlyCollection<ConversationState> due, EscalationPolicy policy, DateTimeOffset now) =>
        due.Count > policy.DigestAbove
        || recipient.EmailsLastDay.Count + due.Count > policy.EmailsPerRecipient
        || (due.Count > 1 && due.SelectMany(c => c.Unseen).Any(m => m.Email is null or { IsOpen: true } && (WaitedForQuietToEnd(m) || IsOld(m, now))));

    // semantics.md, Quiet hours: they end in one merged notice.
    private static bool WaitedForQuietToEnd(UnseenMessage message) => message.Email is { Reason: Reason.QuietHours };

    // semantics.md, Dead letters: after an outage, what is older than 24 h goes into a digest.
    private static bool IsOld(UnseenMessage message, DateTimeOffset now) => now - message.SentAt > Day;
}

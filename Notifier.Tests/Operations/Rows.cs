using Notifier.Domain;

namespace Notifier.Tests.Operations;

/// <summary>Rows as the escalation processor leaves them, for the pages and gauges that read them.</summary>
internal static class Rows
{
    public static Task ClearAsync(this OperationsDatabase database) => database.ExecuteAsync(
        "TRUNCATE notifier.inbox, notifier.escalation, notifier.escalation_message, notifier.message, notifier.email_attempt, notifier.email_alarm, notifier.suppression");

    /// <returns>The id of the escalation.</returns>
    public static Task<long> EscalationAsync(
        this OperationsDatabase database, ConversationKey key, TimeSpan? emailIn, Guid? attempt = null, bool closed = false) => database.ScalarAsync<long>(
        """
        INSERT INTO notifier.escalation (id, site, recipient, conversation, shard, opened_at, closed_at, email_at, email_attempt)
        VALUES (nextval('notifier.escalation_id'), $1, $2, $3, $4, now(), CASE WHEN $7 THEN now() END, now() + $5, $6) RETURNING id
        """, key.Site, key.Recipient, key.Conversation, Shard.Of(key.Site, key.Recipient), emailIn, attempt, closed);

    public static async Task UnseenAsync(
        this OperationsDatabase database, ConversationKey key, string message, TimeSpan age, Ruling? email, MessageKind kind = MessageKind.Direct, long seq = 1)
    {
        await database.ExecuteAsync(
            "INSERT INTO notifier.message (site, id, conversation, seq, kind, sent_at) VALUES ($1, $2, $3, $4, $5, now() - $6) ON CONFLICT DO NOTHING",
            key.Site, message, key.Conversation, seq, (short)kind, age);
        await database.ExecuteAsync(
            """
            INSERT INTO notifier.escalation_message
              (site, recipient, conversation, message, seq, outcome, presence, active_here, mentioned, reported_at, received_at, email_verdict, email_reason)
            VALUES ($1, $2, $3, $4, $5, 0, 0, false, false, now(), now(), $6, $7)
            """, key.Site, key.Recipient, key.Conversation, message, seq,
            email is { } v ? (short)v.Verdict : null, email is { } r ? (short)r.Reason : null);
    }

    public static async Task<Guid> AttemptAsync(this OperationsDatabase database, RecipientKey recipient, string state, params string[] conversations)
    {
        var id = Guid.NewGuid();
        await database.ExecuteAsync(
            "INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations, state) VALUES ($1, $2, $3, $4, $5, $6)",
            id, $"<{id:N}@test>", recipient.Site, recipient.Recipient, conversations, state);
        return id;
    }
}

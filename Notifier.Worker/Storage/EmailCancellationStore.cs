using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

internal enum CancelOutcome
{
    Cancelled,

    /// <summary>It is being sent at this moment.</summary>
    TooLate,

    /// <summary>There is nothing to cancel any more.</summary>
    Gone,
}

/// <summary>
/// Cancels an email. The escalation belongs to its shard's owner, so what is to become of it goes there as an event; only the attempt, which belongs
/// to whoever has it leased, is withdrawn here, and only while nobody has.
/// </summary>
internal sealed class EmailCancellationStore(NpgsqlDataSource database)
{
    public async Task<CancelOutcome> CancelDueAsync(long escalation, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await FindAsync(connection, escalation, cancellation) is not { } found) return CancelOutcome.Gone;

        var events = new List<RelayEvent> { new RelayEvent.EmailCancelled(found.Key.Site, found.Now, found.Key.Recipient, found.Key.Conversation) };
        if (found.Attempt is { } attempt)
        {
            if (await WithdrawAsync(connection, attempt, cancellation) is { } withdrawn)
                // A digest: what it was to tell of other conversations is to be told still, and so is open again.
                events.AddRange(withdrawn.Conversations.Where(c => c != found.Key.Conversation).Select(c => new RelayEvent.EmailFinished(
                    found.Key.Site, found.Now, found.Key.Recipient, c, attempt, UpTo: long.MaxValue, Verdict.Wait, Reason.Coalescing)));
            else if (await IsBeingSentAsync(connection, attempt, cancellation)) return CancelOutcome.TooLate;
        }
        await PostAsync(connection, events, cancellation);
        await transaction.CommitAsync(cancellation);
        return CancelOutcome.Cancelled;
    }

    public async Task<CancelOutcome> CancelAttemptAsync(Guid attempt, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (await WithdrawAsync(connection, attempt, cancellation) is not { } withdrawn)
            return await IsBeingSentAsync(connection, attempt, cancellation) ? CancelOutcome.TooLate : CancelOutcome.Gone;

        var ((site, recipient), conversations, now) = withdrawn;
        await PostAsync(connection, [.. conversations.Select(c => new RelayEvent.EmailCancelled(site, now, recipient, c))], cancellation);
        await transaction.CommitAsync(cancellation);
        return CancelOutcome.Cancelled;
    }

    private static async Task<(ConversationKey Key, Guid? Attempt, DateTimeOffset Now)?> FindAsync(NpgsqlConnection connection, long escalation, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            SELECT site, recipient, conversation, email_attempt, notifier.now() FROM notifier.escalation
            WHERE id = $1 AND closed_at IS NULL AND (email_at IS NOT NULL OR email_attempt IS NOT NULL)
            """, connection)
        { Parameters = { new() { Value = escalation } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        return (new ConversationKey(reader.GetString(0), reader.GetString(1), reader.GetString(2)), reader.IsDBNull(3) ? null : reader.GetGuid(3), reader.Time(4));
    }

    private static async Task<(RecipientKey Recipient, string[] Conversations, DateTimeOffset Now)?> WithdrawAsync(
        NpgsqlConnection connection, Guid attempt, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE notifier.email_attempt SET state = 'withdrawn', lease_until = NULL, finished_at = notifier.now()
            WHERE id = $1 AND state IN ('pending', 'retry', 'parked') RETURNING site, recipient, conversations, notifier.now()
            """, connection)
        { Parameters = { new() { Value = attempt } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation)) return null;
        return (new RecipientKey(reader.GetString(0), reader.GetString(1)), reader.GetFieldValue<string[]>(2), reader.Time(3));
    }

    private static async Task<bool> IsBeingSentAsync(NpgsqlConnection connection, Guid attempt, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE id = $1 AND state IN ('sending', 'data'))", connection)
        {
            Parameters = { new() { Value = attempt } },
        };
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task PostAsync(NpgsqlConnection connection, IReadOnlyList<RelayEvent> events, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { InboxStore.Post(events) } };
        await batch.ExecuteNonQueryAsync(cancellation);
    }
}

using System.Text.Json;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Worker.Email;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>An email this worker sends now.</summary>
/// <param name="Domain">Of the address when the email was decided, in lower case; null: nobody knows.</param>
/// <param name="Attempts">Including this one.</param>
/// <param name="WasInData">The worker before us died, or lost its lease, after DATA was begun: nobody knows whether the server kept it.</param>
/// <param name="Resent">That had happened before already.</param>
/// <param name="Fence">What we say is heard only under this number.</param>
/// <param name="Age">Since the email was decided.</param>
internal sealed record ClaimedEmail(
    Guid Id, string MessageId, RecipientKey Recipient, string? Domain, IReadOnlyList<string> Conversations, IReadOnlyList<string> Newest, int Attempts, bool WasInData, bool Resent, long Fence,
    DateTimeOffset CreatedAt, TimeSpan Age);

/// <summary>What became of the wish to begin DATA.</summary>
internal enum DataStart
{
    /// <summary>It is committed: from here on a crash leaves an unknown outcome.</summary>
    Begun,

    /// <summary>The person has seen more since the email was composed.</summary>
    SeenMeanwhile,

    /// <summary>Another worker has the email now, or an admin has withdrawn it.</summary>
    Overtaken,
}

/// <summary>Emails that are decided, and what became of each: pending → sending → data → sent | retry | failed | unknown | parked | withdrawn.</summary>
internal sealed class EmailAttemptStore(NpgsqlDataSource database, IOptions<EmailOptions> options)
{
    public static NpgsqlBatchCommand Order(IReadOnlyCollection<EmailOrder> orders) => new(
        """
        INSERT INTO notifier.email_attempt (id, message_id, site, recipient, domain, conversations, newest)
        SELECT n.id, n.message_id, n.site, n.recipient, lower(split_part(r.email, '@', -1)),
               ARRAY(SELECT jsonb_array_elements_text(n.conversations)), ARRAY(SELECT jsonb_array_elements_text(n.newest))
        FROM unnest($1, $2, $3, $4, $5, $6) AS n(id, message_id, site, recipient, conversations, newest)
        LEFT JOIN notifier.recipient r ON r.site = n.site AND r.id = n.recipient
        """)
    {
        Parameters =
        {
            Column.Of(orders, o => o.Id), Column.Of(orders, o => o.MessageId), Column.Of(orders, o => o.Recipient.Site), Column.Of(orders, o => o.Recipient.Recipient),
            Column.Json(orders, o => JsonSerializer.Serialize(o.Conversations)), // an array of arrays of different lengths is none in PostgreSQL
            Column.Json(orders, o => JsonSerializer.Serialize(o.Newest)),
        },
    };

    /// <summary>Takes emails that are due, and those whose worker is gone: the oldest of each site by turns, so that a storm of one holds up no other.</summary>
    /// <param name="limit">At most so many.</param>
    /// <param name="full">Lanes of which none is taken: a receiving domain as <c>@domain</c>; of a site with a mail server of its own, that server as <c>site@</c>, and a domain as <c>site@domain</c>.</param>
    /// <param name="withServer">The sites with a mail server of their own.</param>
    /// <param name="cancellation">Stops it.</param>
    public async Task<List<ClaimedEmail>> ClaimAsync(int limit, string[] full, IReadOnlyCollection<string> withServer, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        await using var reader = await batch.ReadByIndexAsync(
            """
            WITH RECURSIVE waiting AS (
              (SELECT site FROM notifier.email_attempt WHERE state IN ('pending', 'retry', 'sending', 'data') ORDER BY site LIMIT 1)
              UNION ALL
              SELECT next.site FROM waiting CROSS JOIN LATERAL (
                SELECT a.site FROM notifier.email_attempt a WHERE a.state IN ('pending', 'retry', 'sending', 'data') AND a.site > waiting.site ORDER BY a.site LIMIT 1) AS next),
            due AS MATERIALIZED (
              SELECT d.id, d.state, d.resent FROM waiting w CROSS JOIN LATERAL (
                SELECT id, state, resent, next_at FROM notifier.email_attempt
                WHERE site = w.site AND state IN ('pending', 'retry', 'sending', 'data') AND next_at <= notifier.now() AND coalesce(lease_until, '-infinity') <= notifier.now()
                  AND (cardinality($3) = 0 OR (CASE WHEN site = ANY ($4) THEN site ELSE '' END || '@' <> ALL ($3)
                                                  AND CASE WHEN site = ANY ($4) THEN site ELSE '' END || '@' || coalesce(domain, '') <> ALL ($3)))
                ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) AS d
              ORDER BY row_number() OVER (PARTITION BY w.site ORDER BY d.next_at), d.next_at LIMIT $1)
            UPDATE notifier.email_attempt a
            SET state = 'sending', lease_until = notifier.now() + $2, fence = fence + 1, attempts = attempts + 1, resent = a.resent OR due.state = 'data'
            FROM due WHERE a.id = due.id
            RETURNING a.id, a.message_id, a.site, a.recipient, a.domain, a.conversations, a.newest, a.attempts, due.state = 'data', due.resent, a.fence, a.created_at, notifier.now() - a.created_at
            """,
            [new() { Value = limit }, new() { Value = options.Value.Lease }, new() { Value = full }, Column.Of(withServer, site => site)], cancellation);
        var claimed = new List<ClaimedEmail>();
        while (await reader.ReadAsync(cancellation))
            claimed.Add(new ClaimedEmail(
                reader.GetGuid(0), reader.GetString(1), new(reader.GetString(2), reader.GetString(3)), reader.Text(4), reader.GetFieldValue<string[]>(5), reader.GetFieldValue<string[]>(6),
                reader.GetInt32(7), reader.GetBoolean(8), reader.GetBoolean(9), reader.GetInt64(10), reader.Time(11), reader.GetTimeSpan(12)));
        return claimed;
    }

    /// <summary>Keeps the claim while the mail server takes its time.</summary>
    public static async Task RenewAsync(NpgsqlConnection connection, ClaimedEmail email, TimeSpan lease, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("UPDATE notifier.email_attempt SET lease_until = notifier.now() + $3 WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL", connection)
        {
            Parameters = { new() { Value = email.Id }, new() { Value = email.Fence }, new() { Value = lease } },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Commits that DATA is about to begin, if nothing was seen since the email was composed.</summary>
    /// <param name="seen">By conversation: the seen mark it was composed by.</param>
    public static async Task<DataStart> BeginDataAsync(
        NpgsqlConnection connection, ClaimedEmail email, IReadOnlyDictionary<string, long> seen, TimeSpan lease, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH moved AS (SELECT FROM unnest($4, $5) AS l(conversation, seq) JOIN notifier.seen_mark s USING (conversation) WHERE s.site = $6 AND s.recipient = $7 AND s.seq > l.seq),
                 begun AS (UPDATE notifier.email_attempt SET state = 'data', lease_until = notifier.now() + $3
                           WHERE id = $1 AND fence = $2 AND state = 'sending' AND NOT EXISTS (SELECT FROM moved) RETURNING id)
            SELECT EXISTS (SELECT FROM begun), EXISTS (SELECT FROM moved)
            """, connection)
        {
            Parameters =
            {
                new() { Value = email.Id }, new() { Value = email.Fence }, new() { Value = lease }, Column.Of(seen, s => s.Key), Column.Of(seen, s => s.Value),
                new() { Value = email.Recipient.Site }, new() { Value = email.Recipient.Recipient },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return reader.GetBoolean(0) ? DataStart.Begun : reader.GetBoolean(1) ? DataStart.SeenMeanwhile : DataStart.Overtaken;
    }

    /// <summary>Writes how it ended; or, with <paramref name="retryIn"/>, when it is tried again.</summary>
    /// <returns>The database's time; null: another worker has the email now, and what became of it here is not heard.</returns>
    public static async Task<DateTimeOffset?> FinishAsync(
        NpgsqlConnection connection, ClaimedEmail email, string state, string? answer, TimeSpan? retryIn, bool burnsAttempt, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            UPDATE notifier.email_attempt
            SET state = $3, answer = $4, lease_until = NULL, attempts = attempts - $6,
                next_at = notifier.now() + coalesce($5, interval '0'), finished_at = CASE WHEN $5 IS NULL AND $3 <> 'parked' THEN notifier.now() END
            WHERE id = $1 AND fence = $2 AND state IN ('sending', 'data')
            RETURNING notifier.now()
            """, connection)
        {
            Parameters =
            {
                new() { Value = email.Id }, new() { Value = email.Fence }, new() { Value = state }, new() { Value = (object?)answer ?? DBNull.Value, DataTypeName = "text" },
                new() { Value = (object?)retryIn ?? DBNull.Value, DataTypeName = "interval" }, new() { Value = burnsAttempt ? 0 : 1 },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? reader.Time(0) : null;
    }

    /// <summary>An email that was parked is to be sent after all.</summary>
    /// <returns>The database's time; null: it is not parked any more.</returns>
    public static async Task<DateTimeOffset?> ResumeAsync(NpgsqlConnection connection, Guid email, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "UPDATE notifier.email_attempt SET state = 'retry', resent = true, next_at = notifier.now() WHERE id = $1 AND state = 'parked' RETURNING notifier.now()", connection)
        { Parameters = { new() { Value = email } } };
        return await command.ExecuteTimeAsync(cancellation);
    }

    /// <summary>An alarm that rang is no alarm any more: the next one for that moment is a new job.</summary>
    public async Task ForgetAlarmAsync(DateTimeOffset slot, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("DELETE FROM notifier.email_alarm WHERE at <= $1");
        command.Parameters.AddWithValue(slot);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Whether something has been due for a while and no alarm rang: one was lost. Alarms that are that old are forgotten.</summary>
    /// <returns>The database's time if so.</returns>
    public static async Task<DateTimeOffset?> IsOverdueAsync(NpgsqlConnection connection, TimeSpan tolerance, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        await using var reader = await batch.ReadByIndexAsync(
            """
            WITH lost AS (DELETE FROM notifier.email_alarm WHERE at < notifier.now() - $1)
            SELECT notifier.now()
            WHERE EXISTS (SELECT FROM generate_series(0, 63) AS s WHERE EXISTS (SELECT FROM notifier.escalation WHERE shard = s AND email_at < notifier.now() - $1))
               OR EXISTS (SELECT FROM notifier.email_attempt
                          WHERE state IN ('pending', 'retry', 'sending', 'data') AND next_at < notifier.now() - $1 AND coalesce(lease_until, '-infinity') < notifier.now() - $1)
            """, [new() { Value = tolerance }], cancellation);
        return await reader.ReadAsync(cancellation) ? reader.Time(0) : null;
    }
}

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
/// <param name="DueAt">For the first attempt: since when it is due. Later: since when it is to be tried again.</param>
/// <param name="Age">Since the email was decided.</param>
internal sealed record ClaimedEmail(
    Guid Id, string MessageId, RecipientKey Recipient, string? Domain, IReadOnlyList<string> Conversations, IReadOnlyList<string> Newest, int Attempts, bool WasInData, bool Resent, long Fence,
    DateTimeOffset CreatedAt, DateTimeOffset DueAt, TimeSpan Age)
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>The mail server may have it already: what it tells goes out under its Message-ID, or not at all.</summary>
    public bool MayBeKept => WasInData || Resent;

    /// <summary>Nobody was there to decide it when it was due: it is one of many, after an outage. A mail server that is slow makes no email late.</summary>
    public bool IsLate => CreatedAt - DueAt > Hour;
}

/// <summary>What became of the wish to begin DATA.</summary>
internal enum DataStart
{
    /// <summary>It is committed: from here on a crash leaves an unknown outcome.</summary>
    Begun,

    /// <summary>Since the email was composed the person has seen more, or a message in it was edited or deleted.</summary>
    Outdated,

    /// <summary>Another worker has the email now, or an admin has withdrawn it.</summary>
    Overtaken,
}

/// <summary>An email that is written.</summary>
/// <param name="Seen">By conversation: the seen mark it was written by.</param>
/// <param name="Shown">The messages whose words are in it.</param>
internal readonly record struct WrittenEmail(ClaimedEmail Email, IReadOnlyDictionary<string, long> Seen, IReadOnlyList<ShownMessage> Shown);

/// <summary>How an email ended; or, with <paramref name="RetryIn"/>, when it is tried again.</summary>
internal readonly record struct EmailEnd(ClaimedEmail Email, string State, string? Answer, TimeSpan? RetryIn, bool BurnsAttempt);

/// <summary>Emails that are decided, and what became of each: pending → sending → data → sent | retry | failed | unknown | parked | withdrawn.</summary>
internal sealed class EmailAttemptStore(NpgsqlDataSource database, IOptions<EmailOptions> options)
{
    public static NpgsqlBatchCommand Order(IReadOnlyCollection<EmailOrder> orders) => new(
        """
        INSERT INTO notifier.email_attempt (id, message_id, site, recipient, domain, conversations, newest, next_at)
        SELECT n.id, n.message_id, n.site, n.recipient, lower(split_part(r.email, '@', -1)),
               ARRAY(SELECT jsonb_array_elements_text(n.conversations)), ARRAY(SELECT jsonb_array_elements_text(n.newest)), n.due_at
        FROM unnest($1, $2, $3, $4, $5, $6, $7) AS n(id, message_id, site, recipient, conversations, newest, due_at)
        LEFT JOIN notifier.recipient r ON r.site = n.site AND r.id = n.recipient
        """)
    {
        Parameters =
        {
            Column.Of(orders, o => o.Id), Column.Of(orders, o => o.MessageId), Column.Of(orders, o => o.Recipient.Site), Column.Of(orders, o => o.Recipient.Recipient),
            Column.Json(orders, o => JsonSerializer.Serialize(o.Conversations)), // an array of arrays of different lengths is none in PostgreSQL
            Column.Json(orders, o => JsonSerializer.Serialize(o.Newest)),
            Column.Of(orders, o => o.DueAt), // claims go by it: after an outage the oldest come first
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
            RETURNING a.id, a.message_id, a.site, a.recipient, a.domain, a.conversations, a.newest, a.attempts, due.state = 'data', due.resent, a.fence, a.created_at, a.next_at, notifier.now() - a.created_at
            """,
            [new() { Value = limit }, new() { Value = options.Value.Lease }, new() { Value = full }, Column.Of(withServer, site => site)], cancellation);
        var claimed = new List<ClaimedEmail>();
        while (await reader.ReadAsync(cancellation))
            claimed.Add(new ClaimedEmail(
                reader.GetGuid(0), reader.GetString(1), new(reader.GetString(2), reader.GetString(3)), reader.Text(4), reader.GetFieldValue<string[]>(5), reader.GetFieldValue<string[]>(6),
                reader.GetInt32(7), reader.GetBoolean(8), reader.GetBoolean(9), reader.GetInt64(10), reader.Time(11), reader.Time(12), reader.GetTimeSpan(13)));
        return claimed;
    }

    /// <summary>Keeps claims while the mail server takes its time. What is being written at this moment has a lease of its own after that.</summary>
    public async Task RenewAsync(IReadOnlyCollection<ClaimedEmail> emails, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            UPDATE notifier.email_attempt a SET lease_until = notifier.now() + $3
            FROM (SELECT m.id FROM unnest($1, $2) AS e(id, fence) JOIN notifier.email_attempt m ON m.id = e.id AND m.fence = e.fence AND m.lease_until IS NOT NULL
                  FOR UPDATE OF m SKIP LOCKED) AS held
            WHERE a.id = held.id
            """);
        command.Parameters.Add(Column.Of(emails, e => e.Id));
        command.Parameters.Add(Column.Of(emails, e => e.Fence));
        command.Parameters.AddWithValue(options.Value.Lease);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Commits that DATA is about to begin of emails of which nothing was seen, edited or deleted since they were written.</summary>
    /// <returns>What became of each, in their order.</returns>
    public static async Task<IReadOnlyList<DataStart>> BeginDataAsync(
        NpgsqlConnection connection, IReadOnlyList<WrittenEmail> emails, TimeSpan lease, CancellationToken cancellation)
    {
        var marks = emails.SelectMany(e => e.Seen, (e, mark) => (e.Email, Conversation: mark.Key, Seq: mark.Value)).ToArray();
        var words = emails.SelectMany(e => e.Shown, (e, message) => (e.Email, Message: message)).ToArray();
        await using var batch = new NpgsqlBatch(connection);
        await using var reader = await batch.ReadKeptAsync(
            """
            WITH moved AS MATERIALIZED (
              SELECT l.id FROM (SELECT unnest($4) AS id, unnest($5) AS site, unnest($6) AS recipient, unnest($7) AS conversation, unnest($8) AS seq) AS l
              CROSS JOIN LATERAL (SELECT FROM notifier.seen_mark s WHERE s.site = l.site AND s.recipient = l.recipient AND s.conversation = l.conversation AND s.seq > l.seq OFFSET 0) AS newer
              UNION
              SELECT w.id FROM (SELECT unnest($9) AS id, unnest($10) AS site, unnest($11) AS message, unnest($12) AS edited_at) AS w
              CROSS JOIN LATERAL (
                SELECT FROM notifier.message m WHERE m.site = w.site AND m.id = w.message AND (m.deleted_at IS NOT NULL OR m.edited_at IS DISTINCT FROM w.edited_at) OFFSET 0) AS other),
            ours AS MATERIALIZED (
              SELECT a.id FROM (SELECT * FROM (SELECT unnest($1) AS id, unnest($2) AS fence) AS e ORDER BY id) AS e
              CROSS JOIN LATERAL (SELECT a.id FROM notifier.email_attempt a WHERE a.id = e.id AND a.fence = e.fence AND a.state = 'sending' OFFSET 0 FOR UPDATE) AS a),
            begun AS (
              UPDATE notifier.email_attempt SET state = 'data', lease_until = notifier.now() + $3
              WHERE id = ANY (ARRAY(SELECT id FROM ours EXCEPT SELECT id FROM moved)) RETURNING id)
            SELECT e.id IN (SELECT id FROM begun), e.id IN (SELECT id FROM moved) FROM unnest($1) WITH ORDINALITY AS e(id, n) ORDER BY n
            """,
            [
                Column.Of(emails, e => e.Email.Id), Column.Of(emails, e => e.Email.Fence), new() { Value = lease }, Column.Of(marks, m => m.Email.Id),
                Column.Of(marks, m => m.Email.Recipient.Site), Column.Of(marks, m => m.Email.Recipient.Recipient), Column.Of(marks, m => m.Conversation), Column.Of(marks, m => m.Seq),
                Column.Of(words, w => w.Email.Id), Column.Of(words, w => w.Email.Recipient.Site), Column.Of(words, w => w.Message.Id), Column.Of(words, w => w.Message.EditedAt),
            ], cancellation);
        var starts = new List<DataStart>();
        while (await reader.ReadAsync(cancellation))
            starts.Add(reader.GetBoolean(0) ? DataStart.Begun : reader.GetBoolean(1) ? DataStart.Outdated : DataStart.Overtaken);
        return starts;
    }

    /// <summary>Writes how emails ended, or when they are tried again.</summary>
    /// <returns>The database's time, and those that were ours to end, with their fences: the others another worker has now, and what became of them here is not heard.</returns>
    public static async Task<(DateTimeOffset Now, IReadOnlySet<(Guid Id, long Fence)> Ours)> FinishAsync(NpgsqlConnection connection, IReadOnlyList<EmailEnd> ends, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        await using var reader = await batch.ReadKeptAsync(
            $"""
            WITH ours AS MATERIALIZED (
              SELECT e.* FROM (SELECT * FROM {Column.Rows("id", "fence", "state", "answer", "retry_in", "gives_back")} AS e ORDER BY id) AS e
              CROSS JOIN LATERAL (SELECT FROM notifier.email_attempt a WHERE a.id = e.id AND a.fence = e.fence AND a.state IN ('sending', 'data') OFFSET 0 FOR UPDATE) AS a)
            UPDATE notifier.email_attempt a SET lease_until = NULL, (state, answer, attempts, next_at, finished_at) = (
              SELECT e.state, e.answer, a.attempts - e.gives_back, notifier.now() + coalesce(e.retry_in, interval '0'),
                     CASE WHEN e.retry_in IS NULL AND e.state <> 'parked' THEN notifier.now() END
              FROM ours e WHERE e.id = a.id)
            WHERE a.id = ANY (ARRAY(SELECT id FROM ours)) RETURNING a.id, a.fence, notifier.now()
            """,
            [
                Column.Of(ends, e => e.Email.Id), Column.Of(ends, e => e.Email.Fence), Column.Of(ends, e => e.State), Column.Of(ends, e => e.Answer), Column.Of(ends, e => e.RetryIn),
                Column.Of(ends, e => e.BurnsAttempt ? 0 : 1),
            ], cancellation);
        var (now, ours) = (DateTimeOffset.MinValue, new HashSet<(Guid, long)>());
        while (await reader.ReadAsync(cancellation))
        {
            ours.Add((reader.GetGuid(0), reader.GetInt64(1)));
            now = reader.Time(2);
        }
        return (now, ours);
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
                          WHERE state IN ('pending', 'retry', 'sending', 'data') AND next_at < notifier.now() - $1 AND created_at < notifier.now() - $1 AND coalesce(lease_until, '-infinity') < notifier.now() - $1)
            """, [new() { Value = tolerance }], cancellation);
        return await reader.ReadAsync(cancellation) ? reader.Time(0) : null;
    }
}

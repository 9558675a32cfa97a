using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>How much is open, and whether anybody was forgotten: for the gauges, so each question is cheap at a million rows.</summary>
internal sealed class BacklogStore(NpgsqlDataSource database)
{
    /// <summary>Exact up to 4 MB of escalations; beyond that scaled up from a sample of as many blocks.</summary>
    public async Task<long> OpenEscalationsAsync(CancellationToken cancellation)
    {
        const string Share = "least(100, 100.0 * 512 * 8192 / greatest(pg_relation_size('notifier.escalation'), 1))";
        await using var command = database.CreateCommand(
            $"SELECT round(count(*) * 100 / ({Share}))::bigint FROM notifier.escalation TABLESAMPLE SYSTEM ({Share}) WHERE closed_at IS NULL");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>
    /// Counts messages that are missed: unseen past twice their delay, undecided, and with nothing about to decide them. Either the email rung was
    /// to ask again more than two minutes ago and has not (<c>Overdue</c>; at most 200 conversations a shard are looked at: one is an alarm already),
    /// or no email is under way and the rung will never ask (<c>Forgotten</c>; a fault of ours). Only the blocks given are looked through for the latter.
    /// A wait that was decided (presence, quiet hours, throttling) has a time in the future, and is not missed.
    /// </summary>
    public async Task<MissedPart> MissedAsync(int fromBlock, int blocks, TimeSpan delay, TimeSpan groupDelay, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            SELECT
              (SELECT coalesce(sum(undecided.n), 0)::bigint
               FROM generate_series(0, {Shard.Count - 1}) AS s(shard)
               CROSS JOIN LATERAL (
                 SELECT * FROM notifier.escalation
                 WHERE shard = s.shard AND email_at < notifier.now() - interval '2 minutes' AND email_attempt IS NULL AND closed_at IS NULL
                 ORDER BY email_at LIMIT 200) AS e
               {Undecided}),
              (SELECT coalesce(sum(undecided.n), 0)::bigint
               FROM notifier.escalation e
               {Undecided}
               WHERE e.ctid >= $3::text::tid AND e.ctid < $4::text::tid AND e.email_at IS NULL AND e.email_attempt IS NULL AND e.closed_at IS NULL),
              (pg_relation_size('notifier.escalation') / current_setting('block_size')::bigint)::integer
            """);
        command.Parameters.AddWithValue(2 * delay);
        command.Parameters.AddWithValue(2 * groupDelay);
        command.Parameters.AddWithValue($"({fromBlock},0)");
        command.Parameters.AddWithValue($"({fromBlock + blocks},0)");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new MissedPart(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2));
    }

    private static readonly string Undecided =
        $"""
        CROSS JOIN LATERAL (
          SELECT count(*) AS n FROM notifier.escalation_message em
          JOIN notifier.message m ON m.site = em.site AND m.id = em.message
          WHERE em.site = e.site AND em.recipient = e.recipient AND em.conversation = e.conversation
            AND coalesce(em.email_verdict, {(int)Verdict.Wait}) = {(int)Verdict.Wait}
            AND m.sent_at < notifier.now() - CASE WHEN m.kind = {(int)MessageKind.Group} AND NOT em.mentioned THEN $2 ELSE $1 END) AS undecided
        """;
}

/// <param name="Overdue">In the whole table.</param>
/// <param name="Forgotten">In the blocks that were looked through.</param>
/// <param name="TableBlocks">How long the table is.</param>
internal readonly record struct MissedPart(long Overdue, long Forgotten, int TableBlocks);

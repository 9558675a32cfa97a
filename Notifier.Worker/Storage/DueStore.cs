using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Finds work: shards that have some, and what is due in one. Every look-up is an index probe per shard.</summary>
internal sealed class DueStore(NpgsqlDataSource database)
{
    /// <summary>Where events wait to be decided, by shard and site, and the shards with push rungs that are due: there the site is null.</summary>
    public async Task<List<(short Shard, string? Site)>> WaitingAsync(CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        await using var reader = await batch.ReadByIndexAsync(
            """
            WITH RECURSIVE waiting AS (
              (SELECT shard, site FROM notifier.inbox ORDER BY shard, site LIMIT 1)
              UNION ALL
              SELECT next.shard, next.site FROM waiting CROSS JOIN LATERAL (
                SELECT i.shard, i.site FROM notifier.inbox i WHERE (i.shard, i.site) > (waiting.shard, waiting.site) ORDER BY i.shard, i.site LIMIT 1) AS next)
            SELECT shard, site FROM waiting
            UNION ALL
            SELECT s::smallint, NULL FROM generate_series(0, 63) AS s WHERE EXISTS (SELECT FROM notifier.escalation WHERE shard = s AND push_at <= notifier.now())
            """, [], cancellation);
        var waiting = new List<(short, string?)>();
        while (await reader.ReadAsync(cancellation)) waiting.Add((reader.GetInt16(0), reader.Text(1)));
        return waiting;
    }

    /// <summary>Shards with email rungs that are due.</summary>
    public async Task<List<short>> ShardsWithEmailDueAsync(CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        await using var reader = await batch.ReadByIndexAsync(
            "SELECT s::smallint FROM generate_series(0, 63) AS s WHERE EXISTS (SELECT FROM notifier.escalation WHERE shard = s AND email_at <= notifier.now())", [], cancellation);
        var shards = new List<short>();
        while (await reader.ReadAsync(cancellation)) shards.Add(reader.GetInt16(0));
        return shards;
    }

    /// <summary>The push rungs that are due in some shards, oldest first.</summary>
    public static Task<List<ConversationKey>> PushDueAsync(NpgsqlConnection connection, IReadOnlyCollection<short> shards, int limit, CancellationToken cancellation) => KeysAsync(
        connection,
        """
        SELECT due.site, due.recipient, due.conversation FROM unnest($1) AS s(shard) CROSS JOIN LATERAL (
          SELECT e.site, e.recipient, e.conversation, e.push_at FROM notifier.escalation e WHERE e.shard = s.shard AND e.push_at <= notifier.now() ORDER BY e.push_at LIMIT $2) AS due
        ORDER BY due.push_at LIMIT $2
        """, [Column.Of(shards, s => s), new() { Value = limit }], cancellation);

    /// <summary>Puts off a rung that could not be decided, so that those behind it are.</summary>
    public Task PostponePushAsync(short shard, CancellationToken cancellation) => PostponeAsync("push_at", shard, cancellation);

    /// <inheritdoc cref="PostponePushAsync"/>
    public Task PostponeEmailAsync(short shard, CancellationToken cancellation) => PostponeAsync("email_at", shard, cancellation);

    private async Task PostponeAsync(string rung, short shard, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            UPDATE notifier.escalation SET {rung} = notifier.now() + interval '10 minutes'
            WHERE id = (SELECT id FROM notifier.escalation WHERE shard = $1 AND {rung} <= notifier.now() ORDER BY {rung} LIMIT 1)
            """);
        command.Parameters.AddWithValue(shard);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The email rungs that are due in some shards: all those of each person, since they may become one digest.</summary>
    public static Task<List<ConversationKey>> EmailDueAsync(NpgsqlConnection connection, IReadOnlyCollection<short> shards, int people, CancellationToken cancellation) => KeysAsync(
        connection,
        """
        SELECT e.site, e.recipient, e.conversation
        FROM (
          SELECT due.site, due.recipient FROM unnest($1) AS s(shard) CROSS JOIN LATERAL (
            SELECT site, recipient, min(email_at) AS at FROM notifier.escalation WHERE shard = s.shard AND email_at <= notifier.now() GROUP BY 1, 2 ORDER BY 3 LIMIT $2) AS due
          ORDER BY due.at LIMIT $2) AS who
        JOIN notifier.escalation e USING (site, recipient)
        WHERE e.email_at <= notifier.now()
        """, [Column.Of(shards, s => s), new() { Value = people }], cancellation);

    /// <summary>Everything that is open for these people.</summary>
    public static async Task<List<ConversationKey>> OpenAsync(NpgsqlConnection connection, IReadOnlyCollection<RecipientKey> people, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        await using var reader = await batch.ReadKeptAsync(
            $"""
            SELECT who.site, who.recipient, e.conversation FROM {Column.Rows("site", "recipient")} AS who
            CROSS JOIN LATERAL (SELECT e.conversation FROM notifier.escalation e WHERE e.site = who.site AND e.recipient = who.recipient AND e.closed_at IS NULL OFFSET 0) AS e
            """, [Column.Of(people, p => p.Site), Column.Of(people, p => p.Recipient)], cancellation);
        return await KeysAsync(reader, cancellation);
    }

    private static async Task<List<ConversationKey>> KeysAsync(NpgsqlConnection connection, string sql, NpgsqlParameter[] parameters, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        await using var reader = await batch.ReadByIndexAsync(sql, parameters, cancellation);
        return await KeysAsync(reader, cancellation);
    }

    private static async Task<List<ConversationKey>> KeysAsync(NpgsqlDataReader reader, CancellationToken cancellation)
    {
        var keys = new List<ConversationKey>();
        while (await reader.ReadAsync(cancellation)) keys.Add(new ConversationKey(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return keys;
    }
}

using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What cannot be used, kept whole with its reason, to be listed and replayed.</summary>
internal sealed class DeadLetterStore(NpgsqlDataSource database)
{
    /// <summary>Those of a reason are counted no further than this.</summary>
    public const int CountCap = 10_000;

    /// <summary>Moves a site's oldest event of a shard out of the way of those behind it.</summary>
    public async Task SetAsideAsync(short shard, string site, string detail, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            WITH taken AS (
              DELETE FROM notifier.inbox WHERE id = (SELECT id FROM notifier.inbox WHERE shard = $1 AND site = $3 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
              RETURNING source, event_id, body)
            INSERT INTO notifier.dead_letter (kind, source, event_id, reason, detail, body)
            SELECT 'event', source, event_id, 'undecidable', $2, body FROM taken
            """);
        command.Parameters.AddWithValue(shard);
        command.Parameters.AddWithValue(detail);
        command.Parameters.AddWithValue(site);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Dead letters that were not replayed yet, oldest first.</summary>
    public async Task<List<KeptLetter>> ListAsync(string? reason, DateTimeOffset? since, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT id, kind, reason, created_at, detail FROM notifier.dead_letter
            WHERE replayed_at IS NULL AND ($1 IS NULL OR reason = $1) AND ($2 IS NULL OR created_at >= $2) ORDER BY id
            """);
        command.Parameters.Add(new() { Value = (object?)reason ?? DBNull.Value, DataTypeName = "text" });
        command.Parameters.Add(new() { Value = (object?)since ?? DBNull.Value, DataTypeName = "timestamptz" });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var letters = new List<KeptLetter>();
        while (await reader.ReadAsync(cancellation))
            letters.Add(new KeptLetter(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.Time(3), reader.GetString(4)));
        return letters;
    }

    /// <summary>Those that were not replayed yet, newest first, from one on; for a page of the dashboard, which reads without async.</summary>
    /// <param name="reason">Empty: any.</param>
    public List<KeptLetter> Page(string reason, long before, int count)
    {
        using var command = database.CreateCommand(
            $"""
            SELECT id, kind, reason, created_at, detail, site FROM notifier.dead_letter
            WHERE replayed_at IS NULL AND id < $1 {(reason.Length > 0 ? "AND reason = $3" : "")} ORDER BY id DESC LIMIT $2
            """);
        command.Parameters.AddWithValue(before);
        command.Parameters.AddWithValue(count);
        if (reason.Length > 0) command.Parameters.AddWithValue(reason);
        using var reader = command.ExecuteReader();
        var letters = new List<KeptLetter>();
        while (reader.Read()) letters.Add(new KeptLetter(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.Time(3), reader.GetString(4), reader.Text(5)));
        return letters;
    }

    /// <summary>How many wait for each reason, counted to a bound, and the newest of them.</summary>
    public List<(string Reason, long Count, long Newest)> Reasons()
    {
        using var command = database.CreateCommand(
            $"""
            WITH RECURSIVE r AS (
              (SELECT reason FROM notifier.dead_letter WHERE replayed_at IS NULL ORDER BY reason LIMIT 1)
              UNION ALL
              SELECT (SELECT d.reason FROM notifier.dead_letter d WHERE d.replayed_at IS NULL AND d.reason > r.reason ORDER BY d.reason LIMIT 1) FROM r WHERE r.reason IS NOT NULL)
            SELECT r.reason, (SELECT count(*) FROM (
                     SELECT FROM notifier.dead_letter d WHERE d.replayed_at IS NULL AND d.reason = r.reason ORDER BY d.reason, d.id LIMIT {CountCap}) AS counted),
                   (SELECT d.id FROM notifier.dead_letter d WHERE d.replayed_at IS NULL AND d.reason = r.reason ORDER BY d.reason DESC, d.id DESC LIMIT 1)
            FROM r WHERE r.reason IS NOT NULL
            """);
        using var reader = command.ExecuteReader();
        var reasons = new List<(string, long, long)>();
        while (reader.Read()) reasons.Add((reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2)));
        return reasons;
    }

    /// <summary>Replays those of one reason that are not newer than one, oldest first; all of them, a few hundred to a transaction.</summary>
    /// <returns>How many.</returns>
    public async Task<int> ReplayAsync(string reason, long newest, CancellationToken cancellation)
    {
        const int AtOnce = 200;
        for (var all = 0; ;)
        {
            await using var command = database.CreateCommand(
                $"""
                SELECT count(notifier.replay(d.id)::text) FROM (
                  SELECT id FROM notifier.dead_letter WHERE replayed_at IS NULL AND reason = $1 AND id <= $2 ORDER BY id LIMIT {AtOnce}) AS d
                """);
            command.Parameters.AddWithValue(reason);
            command.Parameters.AddWithValue(newest);
            var count = (int)(long)(await command.ExecuteScalarAsync(cancellation))!;
            all += count;
            if (count < AtOnce) return all;
        }
    }

    /// <summary>
    /// Puts one back on its way, through the gate: an event into the inbox, a push message or email by opening its messages again and having the person decided anew.
    /// </summary>
    public async Task ReplayAsync(long id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT notifier.replay($1)");
        command.Parameters.AddWithValue(id);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Each once: those whose key is known under <paramref name="door"/> are left out.</summary>
    public static NpgsqlBatchCommand KeepOnce(string door, IReadOnlyCollection<(string Key, DeadLetter Letter)> letters) => new(
        """
        WITH offered AS (SELECT * FROM unnest($2, $3, $4, $5, $6, $7) AS o(key, site, kind, reason, detail, body)),
          fresh AS (SELECT event_id FROM notifier.keep_keys(array_fill($1::text, ARRAY[cardinality($2::text[])]), $2))
        INSERT INTO notifier.dead_letter (site, kind, source, event_id, reason, detail, body)
        SELECT site, kind, $1, key, reason, detail, body FROM offered JOIN fresh ON event_id = key
        """)
    {
        Parameters =
        {
            new() { Value = door }, Column.Of(letters, l => l.Key), Column.Of(letters, l => l.Letter.Site), Column.Of(letters, l => l.Letter.Kind),
            Column.Of(letters, l => l.Letter.Reason), Column.Of(letters, l => l.Letter.Detail), Column.Of(letters, l => l.Letter.Body),
        },
    };

    public static NpgsqlBatchCommand Keep(IReadOnlyCollection<DeadLetter> letters) => new(
        """
        INSERT INTO notifier.dead_letter (site, kind, source, event_id, reason, detail, body)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
        """)
    {
        Parameters =
        {
            Column.Of(letters, l => l.Site), Column.Of(letters, l => l.Kind), Column.Of(letters, l => l.Source), Column.Of(letters, l => l.EventId),
            Column.Of(letters, l => l.Reason), Column.Of(letters, l => l.Detail), Column.Of(letters, l => l.Body),
        },
    };
}

/// <summary>A dead letter, as it is listed.</summary>
internal sealed record KeptLetter(long Id, string Kind, string Reason, DateTimeOffset CreatedAt, string Detail, string? Site = null);

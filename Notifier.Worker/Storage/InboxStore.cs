using System.Text;
using System.Text.Json;
using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>An event on its way in.</summary>
/// <param name="Shard">The shard this part of it concerns; an event for people in several comes as one part for each.</param>
/// <param name="Body">JSON in UTF-8, as all that passes through the inbox: nobody needs it as text.</param>
/// <param name="Site">Whose it is; empty where nobody can tell.</param>
internal readonly record struct Arrival(string Source, string Id, short Shard, byte[] Body, string Site);

/// <summary>An event that waits for its decision.</summary>
/// <param name="Source">Null: the notifier wrote it itself.</param>
/// <param name="Site">Whose it is; empty where nobody can tell.</param>
internal readonly record struct InboxRow(long Id, string? Source, string? EventId, byte[] Body, DateTimeOffset ReceivedAt, string Site)
{
    /// <summary>For a dead letter.</summary>
    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>The inbox: append-only at the door, emptied by the shard's owner in the transaction that decides.</summary>
internal sealed class InboxStore(NpgsqlDataSource database)
{
    /// <summary>Commits the arrivals; those known by (site, source, id) are left out.</summary>
    /// <returns>How many were new.</returns>
    public async Task<int> AcceptAsync(IReadOnlyList<Arrival> arrivals, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(Accept);
        command.Parameters.AddRange(Parameters(arrivals));
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>The same, and in the same commit what is refused, as dead letters; each once, by its key.</summary>
    /// <param name="door">Keeps these keys apart from those of events.</param>
    public async Task AcceptAsync(IReadOnlyList<Arrival> arrivals, string door, IReadOnlyList<(string Key, DeadLetter Letter)> refused, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        if (arrivals.Count > 0)
        {
            var accept = new NpgsqlBatchCommand(Accept);
            accept.Parameters.AddRange(Parameters(arrivals));
            batch.BatchCommands.Add(accept);
        }
        if (refused.Count > 0) batch.BatchCommands.Add(DeadLetterStore.KeepOnce(door, refused));
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellation);
    }

    private const string Accept = "SELECT notifier.accept($1, $2, $3, $4, $5)";

    private static NpgsqlParameter[] Parameters(IReadOnlyList<Arrival> arrivals) =>
    [
        Column.Of(arrivals, a => a.Source), Column.Of(arrivals, a => a.Id), Column.Of(arrivals, a => a.Shard), Column.Utf8(arrivals, a => a.Body), Column.Of(arrivals, a => a.Site),
    ];

    /// <summary>An event may be for thousands of people: a turn of hundreds of those would take long, and much memory. As much as 5,000 ordinary events.</summary>
    public const long ATurnsBytes = 2 * 1024 * 1024;

    /// <summary>Roughly how many events wait; exact while there are few.</summary>
    public async Task<(long Depth, TimeSpan Oldest)> BacklogAsync(CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        // By an index, from which what is decided already is gone at once: in the table it lies until it is vacuumed.
        await using var reader = await batch.ReadByIndexAsync(
            """
            SELECT CASE WHEN few.n < 10000 THEN few.n ELSE (SELECT max(id) - min(id) + 1 FROM notifier.inbox) END,
                   coalesce(notifier.now() - (SELECT received_at FROM notifier.inbox ORDER BY id LIMIT 1), interval '0')
            FROM (SELECT count(*) AS n FROM (SELECT FROM notifier.inbox ORDER BY shard, site LIMIT 10000) AS counted) AS few
            """, [], cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetTimeSpan(1));
    }

    /// <summary>Sites of which more than so many events wait; beyond 16 MB of events by a sample of as many blocks.</summary>
    public async Task<IReadOnlySet<string>> SitesOverAsync(long most, CancellationToken cancellation)
    {
        const string Share = "least(100, 100.0 * 2048 * 8192 / greatest(pg_relation_size('notifier.inbox'), 1))";
        await using var command = database.CreateCommand($"SELECT site FROM notifier.inbox TABLESAMPLE SYSTEM ({Share}) GROUP BY site HAVING count(*) * 100 / ({Share}) > $1");
        command.Parameters.AddWithValue(most);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var sites = new HashSet<string>();
        while (await reader.ReadAsync(cancellation)) sites.Add(reader.GetString(0));
        return sites;
    }

    /// <summary>
    /// Takes events of shards that the transaction owns: the oldest of each site by turns, so that no site waits behind another's storm. They are back if it does not commit.
    /// </summary>
    /// <param name="connection">Of the transaction.</param>
    /// <param name="of">From where, by shard and site.</param>
    /// <param name="limit">At most so many in all; and no more once they come to <see cref="ATurnsBytes"/>.</param>
    /// <param name="cancellation">Stops it.</param>
    public static async Task<List<InboxRow>> TakeAsync(NpgsqlConnection connection, IReadOnlyCollection<(short Shard, string Site)> of, int limit, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        await using var reader = await batch.ReadKeptAsync(
            """
            WITH turns AS MATERIALIZED (
              SELECT i.place, i.id, i.turn, i.bytes FROM unnest($1, $2) AS s(shard, site)
              CROSS JOIN LATERAL (
                SELECT o.ctid AS place, o.id, octet_length(o.body) AS bytes, row_number() OVER (ORDER BY o.id) AS turn FROM notifier.inbox o
                WHERE o.shard = s.shard AND o.site = s.site ORDER BY o.id LIMIT $4) AS i
              ORDER BY i.turn, i.id LIMIT $3),
            summed AS (SELECT place, sum(bytes) OVER (ORDER BY turn, id) - bytes AS before FROM turns),
            -- Where they lie is where they stay: nobody else may take them, and who rewrites one (to erase a person) leaves it to the next turn.
            taken AS (
              DELETE FROM notifier.inbox WHERE ctid = ANY (ARRAY(SELECT place FROM summed WHERE before < $5))
              RETURNING id, source, event_id, body, received_at, site)
            SELECT * FROM taken ORDER BY id
            """,
            [
                Column.Of(of, o => o.Shard), Column.Of(of, o => o.Site), new() { Value = limit },
                // Of many none is looked through for a whole batch; four times an equal part fills it also where most have little.
                new() { Value = Math.Clamp(4 * limit / Math.Max(of.Count, 1), 1, limit) },
                new() { Value = ATurnsBytes },
            ], cancellation);
        var rows = new List<InboxRow>();
        while (await reader.ReadAsync(cancellation))
            rows.Add(new InboxRow(reader.GetInt64(0), reader.Text(1), reader.Text(2), reader.GetFieldValue<byte[]>(3), reader.Time(4), reader.GetString(5)));
        return rows;
    }

    /// <summary>An event of our own, in the caller's transaction: everything that changes an escalation comes to its shard's owner as an event.</summary>
    public static NpgsqlBatchCommand Post(IReadOnlyList<RelayEvent> events) => new(
        "INSERT INTO notifier.inbox (shard, site, body) SELECT * FROM unnest($1, $2, $3)")
    {
        Parameters = { Column.Of(events, OwnEvents.ShardOf), Column.Of(events, e => e.Site), Column.Of(events, OwnEvents.Write) },
    };

    /// <summary>Has everything open of these people decided anew, once the caller's transaction has committed; and rings, as <c>notifier.accept</c> does.</summary>
    public static async Task PostChangedAsync(NpgsqlConnection connection, DateTimeOffset now, IEnumerable<RecipientKey> people, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                Post([.. people.Select(p => new RelayEvent.RecipientChanged(p.Site, now, p.Recipient))]),
                new("SELECT pg_notify('notifier_inbox', '') WHERE pg_try_advisory_xact_lock(hashtextextended('notifier.doorbell', 0))"),
            },
        };
        await batch.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>The events the notifier writes to itself, in a form of their own that no door accepts.</summary>
internal static class OwnEvents
{
    public static short ShardOf(RelayEvent e) => e switch
    {
        RelayEvent.RecipientChanged changed => Shard.Of(changed.Site, changed.Recipient),
        RelayEvent.EmailFinished finished => Shard.Of(finished.Site, finished.Recipient),
        RelayEvent.EmailCancelled cancelled => Shard.Of(cancelled.Site, cancelled.Recipient),
        _ => throw new ArgumentOutOfRangeException(nameof(e), e.GetType().Name, "not an event of our own"),
    };

    public static string Write(RelayEvent e) =>
        JsonSerializer.Serialize(new Envelope(e as RelayEvent.RecipientChanged, e as RelayEvent.EmailFinished, e as RelayEvent.EmailCancelled));

    public static RelayEvent? Read(ReadOnlySpan<byte> body) =>
        JsonSerializer.Deserialize<Envelope>(body) is { } envelope ? (RelayEvent?)envelope.RecipientChanged ?? (RelayEvent?)envelope.EmailFinished ?? envelope.EmailCancelled : null;

    private sealed record Envelope(RelayEvent.RecipientChanged? RecipientChanged, RelayEvent.EmailFinished? EmailFinished, RelayEvent.EmailCancelled? EmailCancelled);
}

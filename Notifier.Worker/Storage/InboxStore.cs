using System.Text.Json;
using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>An event on its way in.</summary>
/// <param name="Shard">The shard this part of it concerns; an event for people in several comes as one part for each.</param>
internal readonly record struct Arrival(string Source, string Id, short Shard, string Body);

/// <summary>An event that waits for its decision.</summary>
/// <param name="Source">Null: the notifier wrote it itself.</param>
internal readonly record struct InboxRow(long Id, string? Source, string? EventId, string Body, DateTimeOffset ReceivedAt);

/// <summary>The inbox: append-only at the door, emptied by the shard's owner in the transaction that decides.</summary>
internal sealed class InboxStore(NpgsqlDataSource database)
{
    /// <summary>Commits the arrivals; those known by (source, id) are left out.</summary>
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

    private const string Accept = "SELECT notifier.accept($1, $2, $3, $4)";

    private static NpgsqlParameter[] Parameters(IReadOnlyList<Arrival> arrivals) =>
    [
        new() { Value = arrivals.Select(a => a.Source).ToArray() }, new() { Value = arrivals.Select(a => a.Id).ToArray() },
        new() { Value = arrivals.Select(a => a.Shard).ToArray() }, new() { Value = arrivals.Select(a => a.Body).ToArray() },
    ];

    /// <summary>Roughly how many events wait; exact while there are few.</summary>
    public async Task<(long Depth, TimeSpan Oldest)> BacklogAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT CASE WHEN few.n < 10000 THEN few.n ELSE (SELECT max(id) - min(id) + 1 FROM notifier.inbox) END,
                   coalesce(notifier.now() - (SELECT received_at FROM notifier.inbox ORDER BY id LIMIT 1), interval '0')
            FROM (SELECT count(*) AS n FROM (SELECT FROM notifier.inbox LIMIT 10000) AS counted) AS few
            """);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetTimeSpan(1));
    }

    /// <summary>Takes the oldest events of a shard that the transaction owns. They are back if it does not commit.</summary>
    public static async Task<List<InboxRow>> TakeAsync(NpgsqlConnection connection, short shard, int limit, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH taken AS (
              DELETE FROM notifier.inbox WHERE id IN (SELECT id FROM notifier.inbox WHERE shard = $1 ORDER BY id LIMIT $2)
              RETURNING id, source, event_id, body, received_at)
            SELECT * FROM taken ORDER BY id
            """, connection)
        { Parameters = { new() { Value = shard }, new() { Value = limit } } };
        var rows = new List<InboxRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            rows.Add(new InboxRow(reader.GetInt64(0), reader.Text(1), reader.Text(2), reader.GetString(3), reader.Time(4)));
        return rows;
    }

    /// <summary>An event of our own, in the caller's transaction: everything that changes an escalation comes to its shard's owner as an event.</summary>
    public static NpgsqlBatchCommand Post(IReadOnlyList<RelayEvent> events) => new(
        "INSERT INTO notifier.inbox (shard, body) SELECT * FROM unnest($1, $2)")
    {
        Parameters = { new() { Value = events.Select(OwnEvents.ShardOf).ToArray() }, new() { Value = events.Select(OwnEvents.Write).ToArray() } },
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

    public static RelayEvent? Read(string body) =>
        JsonSerializer.Deserialize<Envelope>(body) is { } envelope ? (RelayEvent?)envelope.RecipientChanged ?? (RelayEvent?)envelope.EmailFinished ?? envelope.EmailCancelled : null;

    private sealed record Envelope(RelayEvent.RecipientChanged? RecipientChanged, RelayEvent.EmailFinished? EmailFinished, RelayEvent.EmailCancelled? EmailCancelled);
}

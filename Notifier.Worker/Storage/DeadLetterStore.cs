using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What cannot be used, kept whole with its reason, to be listed and replayed.</summary>
internal sealed class DeadLetterStore(NpgsqlDataSource database)
{
    /// <summary>Moves the oldest event of a shard out of the way of those behind it.</summary>
    public async Task SetAsideAsync(short shard, string detail, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            WITH taken AS (
              DELETE FROM notifier.inbox WHERE id = (SELECT id FROM notifier.inbox WHERE shard = $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
              RETURNING source, event_id, body)
            INSERT INTO notifier.dead_letter (kind, source, event_id, reason, detail, body)
            SELECT 'event', source, event_id, 'undecidable', $2, body FROM taken
            """);
        command.Parameters.AddWithValue(shard);
        command.Parameters.AddWithValue(detail);
        await command.ExecuteNonQueryAsync(cancellation);
    }

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

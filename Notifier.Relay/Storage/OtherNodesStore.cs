using Microsoft.Extensions.Options;
using Notifier.Relay.Fanout;
using Npgsql;

namespace Notifier.Relay.Storage;

/// <summary>A message as another node, or this one before a restart, has accepted it.</summary>
internal sealed record AcceptedRow(long Id, string Site, string Message, string[] Recipients, string Body, DateTimeOffset At);

/// <summary>One of the newest before this node began.</summary>
/// <param name="IsKept">It is within the bounds of what is kept for resume; where it is not, the older ones may be told by their age alone.</param>
/// <param name="Delivered">The places of the recipients to whom it is known to be delivered, from 1.</param>
internal sealed record RecentRow(AcceptedRow Row, TimeSpan Age, bool IsKept, int[] Delivered);

/// <summary>A frame that another node sends to people who may be here.</summary>
internal sealed record SignalRow(string Site, string[] Recipients, string Frame);

/// <summary>What the other nodes have put into the database.</summary>
internal sealed class OtherNodesStore(NpgsqlDataSource database, EventLog events, IOptions<RelayOptions> options)
{
    private const int BatchSize = 1000, ReadBack = 2000;

    /// <summary>A name for this database that no other has, on whichever server: it stays through a failover.</summary>
    public async Task<string> NameAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT (SELECT system_identifier FROM pg_control_system()) || '-' || (SELECT oid FROM pg_database WHERE datname = current_database())");
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Where to begin: everything accepted up to there is committed, and every signal that this can see is of before.</summary>
    public async Task<(long Accepted, string Signals)> BeginAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT relay.top(), pg_current_snapshot()::text");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetString(1));
    }

    /// <summary>The id of the newest accepted row.</summary>
    public async Task<long> TopAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT coalesce(max(id), 0) FROM relay.accepted");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>
    /// What others have accepted after a position. Ids rise as groups commit (relay.accept), so when an id can be seen, everything below it can.
    /// </summary>
    /// <returns>The rows, and the position behind them.</returns>
    public async Task<(List<AcceptedRow> Rows, long Position)> AcceptedAsync(long after, long top, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT id, site, message, recipients, body::text, accepted_at FROM relay.accepted WHERE id > $1 AND id <= $2 AND node <> $3 ORDER BY id LIMIT $4");
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(top);
        command.Parameters.AddWithValue(events.Epoch);
        command.Parameters.AddWithValue(BatchSize);
        var rows = await RowsAsync(command, cancellation);
        return (rows, rows.Count == BatchSize ? rows[^1].Id : top);
    }

    /// <summary>The newest of all nodes up to a row, in order.</summary>
    public async Task<List<RecentRow>> RecentAsync(long top, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT id, site, message, recipients, body, accepted_at, greatest(now() - accepted_at, interval '0'), kept,
              CASE WHEN kept THEN ARRAY(SELECT o.recipient FROM relay.outcome o WHERE o.accepted = id AND o.delivered) ELSE '{}' END
            FROM (
              SELECT *, accepted_at > now() - $2 AND sum(octet_length(body)) OVER newest <= $3 AND row_number() OVER newest <= $4 AS kept, row_number() OVER newest AS place
              FROM (SELECT id, site, message, recipients, body::text, accepted_at FROM relay.accepted WHERE id <= $1 ORDER BY id DESC LIMIT greatest($4, $5)) AS newest
              WINDOW newest AS (ORDER BY id DESC)) AS recent
            WHERE kept OR place <= $5
            ORDER BY id
            """);
        command.Parameters.AddWithValue(top);
        command.Parameters.AddWithValue(options.Value.RetainFor);
        command.Parameters.AddWithValue(options.Value.RetainBytes);
        command.Parameters.AddWithValue(options.Value.RetainEvents);
        command.Parameters.AddWithValue(ReadBack);
        var rows = new List<RecentRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
            rows.Add(new RecentRow(Row(reader), reader.GetFieldValue<TimeSpan>(6), reader.GetBoolean(7), reader.GetFieldValue<int[]>(8)));
        return rows;
    }

    /// <summary>
    /// The signals that can be seen now and could not then. Nothing puts them in the order of their commits, as relay.accept does for messages: by their ids, one that is committed
    /// late would be passed over; and up to the oldest transaction that is open, one that stays open would hold up all.
    /// </summary>
    /// <param name="seen">The snapshot that the last reading was done in.</param>
    /// <returns>The signals, and the snapshot of this reading.</returns>
    public async Task<(List<SignalRow> Signals, string Seen)> SignalsAsync(string seen, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT pg_current_snapshot()::text, s.site, s.recipients, s.frame
            FROM (SELECT 1) AS once
            LEFT JOIN relay.signal s ON s.node <> $2 AND
              (s.written_by >= pg_snapshot_xmax($1::pg_snapshot) OR s.written_by = ANY (ARRAY(SELECT pg_snapshot_xip($1::pg_snapshot))))
            ORDER BY s.id
            """);
        command.Parameters.AddWithValue(seen);
        command.Parameters.AddWithValue(events.Epoch);
        var rows = new List<SignalRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            seen = reader.GetString(0);
            if (!reader.IsDBNull(1)) rows.Add(new SignalRow(reader.GetString(1), reader.GetFieldValue<string[]>(2), reader.GetString(3)));
        }
        return (rows, seen);
    }

    public async Task<NpgsqlConnection> ListenAsync(CancellationToken cancellation)
    {
        var connection = await database.OpenConnectionAsync(cancellation);
        await using var command = new NpgsqlCommand("LISTEN relay_accepted", connection);
        await command.ExecuteNonQueryAsync(cancellation);
        return connection;
    }

    private static async Task<List<AcceptedRow>> RowsAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        var rows = new List<AcceptedRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) rows.Add(Row(reader));
        return rows;
    }

    private static AcceptedRow Row(NpgsqlDataReader reader) =>
        new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<string[]>(3), reader.GetString(4), reader.GetFieldValue<DateTimeOffset>(5));
}

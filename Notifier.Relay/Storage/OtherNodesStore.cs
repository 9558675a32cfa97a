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

    /// <summary>Where to begin: everything accepted up to there is committed.</summary>
    public Task<(long Accepted, long Signal)> BeginAsync(CancellationToken cancellation) => PairAsync("SELECT relay.top(), (SELECT coalesce(max(id), 0) FROM relay.signal)", cancellation);

    /// <summary>The newest rows' ids: accepted, signal.</summary>
    public Task<(long Accepted, long Signal)> TopAsync(CancellationToken cancellation) =>
        PairAsync("SELECT (SELECT coalesce(max(id), 0) FROM relay.accepted), (SELECT coalesce(max(id), 0) FROM relay.signal)", cancellation);

    private async Task<(long Accepted, long Signal)> PairAsync(string query, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(query);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.GetInt64(1));
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

    public async Task<List<SignalRow>> SignalsAsync(long after, long top, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT site, recipients, frame FROM relay.signal WHERE id > $1 AND id <= $2 AND node <> $3 ORDER BY id");
        command.Parameters.AddWithValue(after);
        command.Parameters.AddWithValue(top);
        command.Parameters.AddWithValue(events.Epoch);
        var rows = new List<SignalRow>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) rows.Add(new SignalRow(reader.GetString(0), reader.GetFieldValue<string[]>(1), reader.GetString(2)));
        return rows;
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

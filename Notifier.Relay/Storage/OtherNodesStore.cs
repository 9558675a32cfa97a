using Notifier.Relay.Fanout;
using Npgsql;

namespace Notifier.Relay.Storage;

/// <summary>A message as another node, or this one before a restart, has accepted it.</summary>
internal sealed record AcceptedRow(long Id, string Site, string Message, string[] Recipients, string Body, DateTimeOffset At);

/// <summary>A frame that another node sends to people who may be here.</summary>
internal sealed record SignalRow(string Site, string[] Recipients, string Frame);

/// <summary>What the other nodes have put into the database.</summary>
internal sealed class OtherNodesStore(NpgsqlDataSource database, EventLog events)
{
    private const int BatchSize = 1000;

    /// <summary>The newest rows' ids: accepted, signal.</summary>
    public async Task<(long Accepted, long Signal)> TopAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT (SELECT coalesce(max(id), 0) FROM relay.accepted), (SELECT coalesce(max(id), 0) FROM relay.signal)");
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

    /// <summary>The newest of all nodes, in order.</summary>
    public async Task<List<AcceptedRow>> RecentAsync(int most, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "SELECT * FROM (SELECT id, site, message, recipients, body::text, accepted_at FROM relay.accepted ORDER BY id DESC LIMIT $1) AS newest ORDER BY id");
        command.Parameters.AddWithValue(most);
        return await RowsAsync(command, cancellation);
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
        while (await reader.ReadAsync(cancellation))
            rows.Add(new AcceptedRow(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<string[]>(3), reader.GetString(4), reader.GetFieldValue<DateTimeOffset>(5)));
        return rows;
    }
}

using Notifier.Relay.Fanout;
using Notifier.Relay.Outcomes;
using Npgsql;

namespace Notifier.Relay.Storage;

/// <summary>The accept rows: once they are committed, no crash leaves a recipient without an outcome.</summary>
internal sealed class AcceptStore(NpgsqlDataSource database, EventLog events)
{
    /// <summary>Commits a group of messages, each once.</summary>
    /// <returns>By site and message: the row's id, and whether it is of this node.</returns>
    public async Task<Dictionary<(string Site, string Message), (long Id, bool Mine)>> AcceptAsync(IReadOnlyList<Publication> group, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT site, message, id, mine FROM relay.accept($1, $2, $3, $4, $5)");
        command.Parameters.AddWithValue(events.Epoch);
        command.Parameters.AddWithValue(group.Select(p => p.Message.Site).ToArray());
        command.Parameters.AddWithValue(group.Select(p => p.Message.Id).ToArray());
        command.Parameters.AddWithValue(group.Select(p => string.Join('\x1f', p.Message.To)).ToArray());
        command.Parameters.AddWithValue(group.Select(p => System.Text.Encoding.UTF8.GetString(p.Message.Body)).ToArray());
        var rows = new Dictionary<(string, string), (long, bool)>(group.Count);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) rows[(reader.GetString(0), reader.GetString(1))] = (reader.GetInt64(2), reader.GetBoolean(3));
        return rows;
    }
}

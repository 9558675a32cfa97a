using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>
/// Ownership of shards, for one transaction: advisory locks. No lease to renew, nothing to clean up: whoever dies lets go.
/// </summary>
internal static class ShardLock
{
    private const int Class = 0x4E_4F_54_49; // "NOTI": keeps our numbers apart from other users of advisory locks

    /// <returns>Those of the shards that nobody else is at: from now on they are ours.</returns>
    public static async Task<HashSet<short>> TryTakeAsync(NpgsqlConnection connection, IEnumerable<short> shards, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT shard FROM unnest($2) AS shard WHERE pg_try_advisory_xact_lock($1, shard)", connection)
        {
            Parameters = { new() { Value = Class }, new() { Value = shards.ToArray() } },
        };
        var taken = new HashSet<short>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) taken.Add(reader.GetInt16(0));
        return taken;
    }

    /// <summary>As <see cref="TryTakeAsync"/>; where somebody is at each of them, waits for who is at the first.</summary>
    public static async Task<HashSet<short>> TakeSomeAsync(NpgsqlConnection connection, IReadOnlyCollection<short> shards, CancellationToken cancellation)
    {
        if (await TryTakeAsync(connection, shards, cancellation) is { Count: > 0 } taken) return taken;
        await TakeAsync(connection, shards.First(), cancellation);
        return [shards.First()];
    }

    /// <summary>Waits for whoever is at the shard.</summary>
    public static async Task TakeAsync(NpgsqlConnection connection, short shard, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1, $2)", connection) { Parameters = { new() { Value = Class }, new() { Value = (int)shard } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>
/// Ownership of a shard, for one transaction: an advisory lock. No lease to renew, nothing to clean up: whoever dies lets go.
/// </summary>
internal static class ShardLock
{
    private const int Class = 0x4E_4F_54_49; // "NOTI": keeps our numbers apart from other users of advisory locks

    public static async Task<bool> TryTakeAsync(NpgsqlConnection connection, short shard, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT pg_try_advisory_xact_lock($1, $2)", connection) { Parameters = { new() { Value = Class }, new() { Value = (int)shard } } };
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public static async Task TakeAsync(NpgsqlConnection connection, short shard, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1, $2)", connection) { Parameters = { new() { Value = Class }, new() { Value = (int)shard } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

using Microsoft.Extensions.Configuration;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Tests.Storage;

/// <summary>A worker that stands still (SIGSTOP, a machine that vanished) while it owns a shard.</summary>
public sealed class FrozenWorkerTests(PostgresCluster cluster)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task PostgreSQL_takes_the_shard_away_from_who_stands_still_in_a_turn()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var frozen = StorageRegistration.DataSource(Read($"{database.WorkerConnectionString};Options=-c idle_in_transaction_session_timeout=100ms"));
        await using var other = StorageRegistration.DataSource(Read(database.WorkerConnectionString));

        await using var mine = await frozen.OpenConnectionAsync(Stop);
        await using var turn = await mine.BeginTransactionAsync(Stop);
        Assert.Equal([7], await ShardLock.TryTakeAsync(mine, [7], Stop));
        await using var theirs = await other.OpenConnectionAsync(Stop);
        await using var taking = await theirs.BeginTransactionAsync(Stop);
        await ShardLock.TakeAsync(theirs, 7, Stop);

        var late = await Assert.ThrowsAnyAsync<NpgsqlException>(() => ShardLock.TryTakeAsync(mine, [8], Stop));
        Assert.True(DatabaseFault.Passes(late), $"{late}");
    }

    [Fact]
    public async Task A_worker_asks_for_that_and_who_has_options_of_their_own_keeps_them()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        Assert.Equal("10s", await TimeoutAsync(database.WorkerConnectionString));
        Assert.Equal("3s", await TimeoutAsync($"{database.WorkerConnectionString};Options=-c idle_in_transaction_session_timeout=3s"));

        static async Task<string> TimeoutAsync(string connectionString)
        {
            await using var source = StorageRegistration.DataSource(Read(connectionString));
            await using var command = source.CreateCommand("SHOW idle_in_transaction_session_timeout");
            return (string)(await command.ExecuteScalarAsync(Stop))!;
        }
    }

    private static string Read(string connectionString) =>
        StorageRegistration.ConnectionString(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create("ConnectionStrings:Notifier", (string?)connectionString)]).Build());
}

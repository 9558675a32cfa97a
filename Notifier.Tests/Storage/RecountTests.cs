using Notifier.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Storage;

public sealed class RecountTests(PostgresCluster cluster) : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_table_is_counted_when_it_has_grown_to_twice_its_size_and_not_before()
    {
        await using var worker = NpgsqlDataSource.Create(_database.WorkerConnectionString);
        await FillAsync(1, 10_000);
        Assert.True(await CountedAsync(worker) < 1);
        Assert.InRange(await AfterRecountAsync(worker), 9_999, 10_001);

        await FillAsync(10_001, 15_000);
        Assert.InRange(await AfterRecountAsync(worker), 9_999, 10_001);

        await FillAsync(15_001, 30_000);
        Assert.InRange(await AfterRecountAsync(worker), 29_999, 30_001);
    }

    private async Task FillAsync(int first, int last) =>
        await _database.ExecuteAsync($"INSERT INTO notifier.seen_mark (site, recipient, conversation, seq, seen_at) SELECT 'acme', 'u-' || n, 'c', 1, now() FROM generate_series({first}, {last}) AS n");

    private static async Task<float> AfterRecountAsync(NpgsqlDataSource worker)
    {
        await using var command = worker.CreateCommand("SELECT notifier.recount()");
        await command.ExecuteNonQueryAsync(Cancellation);
        return await CountedAsync(worker);
    }

    private static async Task<float> CountedAsync(NpgsqlDataSource worker)
    {
        await using var command = worker.CreateCommand("SELECT reltuples FROM pg_class WHERE oid = 'notifier.seen_mark'::regclass");
        return (float)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}

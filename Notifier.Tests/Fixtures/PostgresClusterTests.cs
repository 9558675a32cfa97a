using Npgsql;
using Xunit;
using Xunit.Sdk;

namespace Notifier.Tests.Fixtures;

public sealed class PostgresClusterTests(PostgresCluster cluster)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task Two_databases_share_nothing()
    {
        await using var one = await cluster.CreateDatabaseAsync();
        await using var other = await cluster.CreateDatabaseAsync();

        await one.ExecuteAsync("INSERT INTO notifier.site (id) VALUES ($1)", "a");
        await one.AdvanceAsync(TimeSpan.FromHours(1));

        Assert.Equal(["a"], await one.ListAsync<string>("SELECT id FROM notifier.site"));
        Assert.Empty(await other.RowsAsync("SELECT id FROM notifier.site"));
        Assert.Equal(TimeSpan.Zero, await other.ScalarAsync<TimeSpan>("SELECT shift FROM notifier.test_clock"));
    }

    [Fact]
    public async Task Time_passes_when_a_test_says_so()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        var before = await database.NowAsync();

        await database.AdvanceAsync(TimeSpan.FromMinutes(20));
        await database.AdvanceAsync(TimeSpan.FromMinutes(10));
        await database.ExecuteAsync("INSERT INTO notifier.site (id) VALUES ('a')");

        Assert.InRange(await database.NowAsync() - before, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(31));
        Assert.InRange(await database.ScalarAsync<DateTimeOffset>("SELECT created_at FROM notifier.site") - before, TimeSpan.FromMinutes(30), TimeSpan.FromMinutes(31));
    }

    [Fact]
    public async Task A_wait_in_vain_tells_what_it_waited_for_and_how_things_stand()
    {
        await using var database = await cluster.CreateDatabaseAsync();

        var failure = await Assert.ThrowsAsync<FailException>(() => database.WaitUntilAsync("SELECT false", TimeSpan.FromMilliseconds(30), "the impossible"));

        Assert.Contains("the impossible", failure.Message, StringComparison.Ordinal);
        Assert.Contains("inbox: 0", failure.Message, StringComparison.Ordinal);
        Assert.Contains("last decisions:", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("no more", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_crash_cuts_every_connection_and_loses_nothing_that_was_committed()
    {
        await using var own = new PostgresCluster();
        await own.InitializeAsync();
        await using var database = await own.CreateDatabaseAsync();
        await using var connection = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await database.ExecuteAsync("INSERT INTO notifier.site (id) VALUES ('a')");

        await own.CrashAsync();
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
        await own.StartAsync();

        await database.WaitUntilAsync("SELECT count(*) = 1 FROM notifier.site", Soon, "the committed row after the crash");
    }
}

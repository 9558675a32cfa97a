using Notifier.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Storage;

/// <summary>Six weeks pass in a moment: what is old goes, and nobody waits for it.</summary>
public sealed class RetentionTests(PostgresCluster cluster) : IAsyncLifetime
{
    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task The_trace_is_dropped_by_the_day_and_keys_by_the_week_after_a_fortnight()
    {
        for (var day = 0; day < 42; day++)
        {
            await _database.ExecuteAsync("SELECT notifier.tidy()");
            await _database.ExecuteAsync("SELECT notifier.tidy_rows()");
            await _database.ExecuteAsync(
                "INSERT INTO notifier.trace (at, site, recipient, conversation, message, push_verdict, push_reason) SELECT notifier.now(), 'acme', 'u', 'c', n::text, 'told', 'accepted' FROM generate_series(1, 100) AS n");
            await _database.ExecuteAsync("SELECT notifier.accept(ARRAY['s'], ARRAY[$1], ARRAY[0]::smallint[], ARRAY['{}'])", $"{day}");
            await _database.AdvanceAsync(TimeSpan.FromDays(1));
        }

        Assert.Equal(35, await _database.ScalarAsync<long>("SELECT count(*) FROM pg_inherits WHERE inhparent = 'notifier.trace'::regclass")); // 31 days, 3 to come, and the default
        Assert.Equal(31 * 100, await _database.ScalarAsync<long>("SELECT count(*) FROM notifier.trace"));
        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM notifier.trace_default"));
        Assert.InRange(await _database.ScalarAsync<long>("SELECT count(*) FROM notifier.event_key"), 14, 21);
        Assert.Equal(5, await _database.ScalarAsync<long>("SELECT count(*) FROM pg_inherits WHERE inhparent = 'notifier.event_key'::regclass")); // three weeks, the next, and the default
        Assert.Equal(0, await _database.ScalarAsync<long>("SELECT count(*) FROM notifier.event_key_default"));
    }

    [Fact]
    public async Task An_event_is_the_same_event_for_a_fortnight_however_many_weeks_begin_meanwhile()
    {
        const string accept = "SELECT notifier.accept(ARRAY['s', 's'], ARRAY['e', 'e'], ARRAY[0, 0]::smallint[], ARRAY['{}', '{}'])";
        Assert.Equal(1, await _database.ScalarAsync<int>(accept));
        for (var day = 0; day < 14; day++)
        {
            await _database.AdvanceAsync(TimeSpan.FromDays(1));
            await _database.ExecuteAsync("SELECT notifier.tidy()");
            Assert.Equal(0, await _database.ScalarAsync<int>(accept));
        }
        await _database.AdvanceAsync(TimeSpan.FromDays(8));
        Assert.Equal(1, await _database.ScalarAsync<int>(accept));
        Assert.Equal(0, await _database.ScalarAsync<int>(accept));
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task An_event_that_is_offered_on_both_sides_of_midnight_is_accepted_once(bool firstCommits, int second)
    {
        const string accept = "SELECT notifier.accept(ARRAY['s'], ARRAY['e'], ARRAY[0]::smallint[], ARRAY['{}'])";
        await _database.ExecuteAsync("UPDATE notifier.test_clock SET shift = shift + to_timestamp((notifier.key_week(notifier.now()) + 1) * 604800.0) - notifier.now() - interval '1 minute'");
        await using var before = await _database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await before.BeginTransactionAsync(Cancellation);
        await using (var command = new NpgsqlCommand(accept, before)) Assert.Equal(1, await command.ExecuteScalarAsync(Cancellation));

        await _database.AdvanceAsync(TimeSpan.FromMinutes(2));
        var after = _database.ScalarAsync<int>(accept);
        await _database.WaitUntilAsync("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)", TimeSpan.FromSeconds(20), "the later one to wait for the earlier");
        await (firstCommits ? transaction.CommitAsync(Cancellation) : transaction.RollbackAsync(Cancellation));

        Assert.Equal(second, await after);
        Assert.Equal(1, await _database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox"));
    }

    [Fact]
    public async Task While_old_rows_are_deleted_new_ones_are_written()
    {
        await using var tidying = await _database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await tidying.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(tidying, "SELECT notifier.tidy_rows()"); // and goes on, for all anybody knows

        await using var writing = await _database.DataSource.OpenConnectionAsync(Cancellation);
        await ExecuteAsync(writing, "SET lock_timeout = '1s'");
        await ExecuteAsync(writing, "INSERT INTO notifier.trace (at, site, recipient, conversation, message, push_verdict, push_reason) VALUES (notifier.now(), 'acme', 'u', 'c', 'm', 'told', 'accepted')");
        await ExecuteAsync(writing, "SELECT notifier.accept(ARRAY['s'], ARRAY['e'], ARRAY[0]::smallint[], ARRAY['{}'])");
        await ExecuteAsync(writing, "SELECT notifier.tidy_rows()"); // another worker's turn is over at once
        await ExecuteAsync(writing, "SELECT notifier.tidy()");
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}

using System.Transactions;
using Notifier.Worker.Operations;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class AlarmClockTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private static readonly DateTimeOffset At = new(2031, 5, 6, 7, 8, 9, TimeSpan.FromHours(2));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        await database.ExecuteAsync("TRUNCATE hangfire.job, hangfire.set, hangfire.state, hangfire.jobqueue, notifier.site CASCADE");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task An_alarm_is_set_with_the_rows_it_belongs_to()
    {
        string id;
        using (var scope = Scope())
        {
            await using var connection = await database.Source.OpenConnectionAsync(Cancellation);
            await OwnRowAsync(connection);
            id = AlarmClock.Schedule<RecordedJob>(connection, job => job.RunAsync(42, CancellationToken.None), At);
            scope.Complete();
        }

        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.site"));
        Assert.Equal("Scheduled", await database.ScalarAsync<string>("SELECT statename FROM hangfire.job WHERE id = $1", long.Parse(id, null)));
        Assert.Equal(
            At.ToUnixTimeSeconds(), await database.ScalarAsync<long>("SELECT score::bigint FROM hangfire.set WHERE key = 'schedule' AND value = $1", $"email:{id}"));
        Assert.Equal("email", await database.ScalarAsync<string>("SELECT invocationdata ->> 'Queue' FROM hangfire.job WHERE id = $1", long.Parse(id, null)));
        Assert.Equal("[\"42\", null]", await database.ScalarAsync<string>("SELECT arguments::text FROM hangfire.job WHERE id = $1", long.Parse(id, null)));
    }

    [Fact]
    public async Task A_rollback_takes_the_alarm_with_it()
    {
        using (Scope())
        {
            await using var connection = await database.Source.OpenConnectionAsync(Cancellation);
            await OwnRowAsync(connection);
            AlarmClock.Schedule<RecordedJob>(connection, job => job.RunAsync(42, CancellationToken.None), At);
        }

        await AssertNothingAsync();
    }

    [Fact]
    public async Task A_backend_killed_before_the_commit_leaves_nothing()
    {
        var scope = Scope();
        var connection = await database.Source.OpenConnectionAsync(Cancellation);
        await OwnRowAsync(connection);
        AlarmClock.Schedule<RecordedJob>(connection, job => job.RunAsync(42, CancellationToken.None), At);
        var backend = connection.ProcessID;
        using (var outside = new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled))
            await database.ExecuteAsync("SELECT pg_terminate_backend($1, 5000)", backend);

        scope.Complete();
        Assert.ThrowsAny<Exception>(scope.Dispose);
        await connection.DisposeAsync();

        await AssertNothingAsync();
    }

    [Fact]
    public async Task Outside_of_a_transaction_no_alarm_is_set()
    {
        await using var connection = await database.Source.OpenConnectionAsync(Cancellation);

        Assert.Throws<InvalidOperationException>(() => AlarmClock.Schedule<RecordedJob>(connection, job => job.RunAsync(42, CancellationToken.None), At));

        await AssertNothingAsync();
    }

    private static TransactionScope Scope() => new(
        TransactionScopeOption.Required, new TransactionOptions { IsolationLevel = IsolationLevel.ReadCommitted }, TransactionScopeAsyncFlowOption.Enabled);

    private static async Task OwnRowAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand("INSERT INTO notifier.site (id) VALUES ('acme')", connection);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private async Task AssertNothingAsync()
    {
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.site"));
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM hangfire.job"));
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM hangfire.set"));
    }
}

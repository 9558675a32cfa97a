using System.Net;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class HealthTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task With_a_migrated_database_the_worker_is_ready()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        Assert.Equal((HttpStatusCode.OK, "live\n"), await GetAsync(host, "/health/live"));
        Assert.Equal((HttpStatusCode.OK, """{"ready":true,"database":"ok","hangfire":"ok"}"""), await GetAsync(host, "/health/ready"));
    }

    [Fact]
    public async Task Without_a_database_it_lives_and_is_not_ready_and_names_no_host()
    {
        // A closed port of the loopback; the password must not be told either.
        var away = new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = 1, Username = "someone", Password = "hunter2", Database = "notifier" };
        await using var host = await OperationsHost.StartAsync(away.ConnectionString);

        Assert.Equal((HttpStatusCode.OK, "live\n"), await GetAsync(host, "/health/live"));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"ready":false,"database":"unreachable","hangfire":"unknown"}"""), await GetAsync(host, "/health/ready"));
    }

    [Fact]
    public async Task With_a_migration_missing_it_is_not_ready()
    {
        await database.ExecuteAsync("UPDATE notifier.migration SET scriptname = 'another.sql' WHERE scriptname = '0001_initial.sql'");
        try
        {
            await using var host = await OperationsHost.StartAsync(database.ConnectionString);
            Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"ready":false,"database":"not migrated","hangfire":"unknown"}"""), await GetAsync(host, "/health/ready"));
        }
        finally
        {
            await database.ExecuteAsync("UPDATE notifier.migration SET scriptname = '0001_initial.sql' WHERE scriptname = 'another.sql'");
        }
    }

    [Fact]
    public async Task With_Hangfire_s_tables_out_of_reach_it_is_not_ready()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        await database.ExecuteAsync("ALTER TABLE hangfire.server RENAME TO server_away");
        try
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"ready":false,"database":"ok","hangfire":"unreachable"}"""), await GetAsync(host, "/health/ready"));
        }
        finally
        {
            await database.ExecuteAsync("ALTER TABLE hangfire.server_away RENAME TO server");
        }
    }

    private static async Task<(HttpStatusCode Status, string Body)> GetAsync(OperationsHost host, string path)
    {
        using var answer = await host.Client.GetAsync(path, Cancellation);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
    }
}

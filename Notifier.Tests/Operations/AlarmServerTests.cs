using System.Transactions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class AlarmServerTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>
{
    /// <summary>Hangfire's own pauses after an error allow half of them before the test is over.</summary>
    private const int Attempts = 80;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task The_alarm_clock_asks_for_its_database_every_second_and_rings_as_soon_as_it_is_back()
    {
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = true };
        await using var link = new TcpProxy(settings.Port);
        settings.Port = link.Port;
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Notifier"] = settings.ConnectionString });
        builder.Services.AddStorage(builder.Configuration);
        builder.Services.AddHangfireAlarmClock(builder.Configuration, [typeof(RecordedJob)]);
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        await RingAsync(1);

        var before = link.Connections;
        link.ToServer.CutAfter = 0; // every connection ends as soon as it is made
        link.Cut();
        await link.ReachAsync(before + Attempts, TestContext.Current.CancellationToken);
        link.ToServer.CutAfter = null;

        await RingAsync(2);
        await host.StopAsync(Cancellation);
    }

    private async Task RingAsync(long slot)
    {
        using (var scope = new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await using var connection = await database.Source.OpenConnectionAsync(Cancellation);
            AlarmClock.Schedule<RecordedJob>(connection, job => job.RunAsync(slot, CancellationToken.None), DateTimeOffset.UnixEpoch);
            scope.Complete();
        }
        Assert.Equal(slot, await RecordedJob.Runs.ReadAsync(Cancellation));
    }
}

using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

public sealed class RelayMetricsTests(PostgresCluster cluster)
{
    [Fact]
    public async Task The_scrape_counts_the_connections_that_are_open()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var relay = await ServiceProcess.StartRelayAsync(RelayHost.ProcessSettings(database)); // its metrics are its own: those of relays in one process are not
        await using var ada = await RelayClient.ConnectAsync(relay.Client.BaseAddress!, "ada");
        await using var bob = await RelayClient.ConnectAsync(relay.Client.BaseAddress!, "bob");
        await SaysAsync(relay, 2);
        await bob.CloseAsync();
        await SaysAsync(relay, 1);
    }

    private static async Task SaysAsync(ServiceProcess relay, int connections)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var tries = 0; ; tries++)
        {
            var scrape = await relay.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            if (scrape.Split('\n').Any(line => line == $"relay_connections {connections}")) return;
            Assert.True(tries < 200, scrape);
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}

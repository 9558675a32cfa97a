using System.Text.Json;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>A real nats-server for the nodes of one class.</summary>
public sealed class NatsFixture : IAsyncLifetime
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public NatsServer Server { get; private set; } = null!;

    internal (string Name, string Value)[] Settings => [("Nats:Url", Server.Url)];

    public async ValueTask InitializeAsync() => Server = await NatsServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>Waits until the nodes hear each other over NATS.</summary>
    internal static Task ReadyAsync(params RelayHost[] hosts) => SayAsync("ok", hosts);

    /// <summary>Waits until each of the nodes says so of NATS.</summary>
    internal static async Task SayAsync(string state, params RelayHost[] hosts)
    {
        using var timer = new PeriodicTimer(Poll);
        foreach (var host in hosts)
            for (var tries = 0; ; tries++)
            {
                using var ready = JsonDocument.Parse((await host.SendAsync(HttpMethod.Get, "/health/ready")).Body);
                if (ready.RootElement.GetProperty("nats").GetString() == state) break;
                Assert.True(tries < 3000, $"NATS is not {state}");
                await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
    }
}

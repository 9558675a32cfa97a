using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>A relay with the default timers, and its database, for the tests of one class.</summary>
public sealed class RelayFixture(PostgresCluster cluster) : IAsyncLifetime
{
    internal RelayHost Host { get; private set; } = null!;

    internal TestDatabase Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await cluster.CreateDatabaseAsync();
        Host = await RelayHost.StartAsync(Database.RelayConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Database.DisposeAsync();
    }
}

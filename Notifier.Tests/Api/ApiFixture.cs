using Notifier.Tests.Fixtures;
using Xunit;

namespace Notifier.Tests.Api;

/// <summary>A host and its database, for the tests of one class.</summary>
public sealed class ApiFixture(PostgresCluster cluster) : IAsyncLifetime
{
    internal ApiHost Host { get; private set; } = null!;

    internal TestDatabase Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await cluster.CreateDatabaseAsync();
        Host = await ApiHost.StartAsync(Database.WorkerConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Database.DisposeAsync();
    }
}

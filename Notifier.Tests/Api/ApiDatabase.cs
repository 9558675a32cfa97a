using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Tests.Api;

/// <summary>A migrated database of a test class's own.</summary>
public sealed class ApiDatabase(PostgresCluster cluster) : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public string ConnectionString => _database.ConnectionString;

    public NpgsqlDataSource Source => _database.DataSource;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

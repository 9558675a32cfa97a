using Notifier.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Operations;

/// <summary>One database for all tests of a class.</summary>
public sealed class OperationsDatabase(PostgresCluster cluster) : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public string ConnectionString => _database.WorkerConnectionString;

    /// <summary>As the owner, who may also ask for plans.</summary>
    public string OwnerConnectionString => _database.ConnectionString;

    public NpgsqlDataSource Source => _database.DataSource;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public Task<T> ScalarAsync<T>(string sql, params object?[] parameters) => _database.ScalarAsync<T>(sql, parameters);

    public Task ExecuteAsync(string sql, params object?[] parameters) => _database.ExecuteAsync(sql, parameters);

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

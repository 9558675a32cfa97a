using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Operations;

/// <summary>A migrated database of a test class's own.</summary>
public sealed class OperationsDatabase(OperationsCluster cluster) : IAsyncLifetime
{
    private static int _count;
    private readonly string _name = $"ops_{Environment.ProcessId}_{Interlocked.Increment(ref _count)}";

    public string ConnectionString => $"{cluster.Server};Database={_name}";

    public NpgsqlDataSource Source { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        await using (var server = NpgsqlDataSource.Create($"{cluster.Server};Database=postgres"))
        await using (var create = server.CreateCommand($"CREATE DATABASE {_name} STRATEGY file_copy"))
            await create.ExecuteNonQueryAsync();
        Source = NpgsqlDataSource.Create(ConnectionString);
        await Migrator.MigrateAsync(Source, CancellationToken.None);
    }

    public async Task<T> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Source.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.AddWithValue(parameter);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }

    public async Task ExecuteAsync(string sql, params object[] parameters)
    {
        await using var command = Source.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.AddWithValue(parameter);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}

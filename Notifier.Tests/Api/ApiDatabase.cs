using Notifier.Tests.Operations;
using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Api;

/// <summary>A migrated database of a test class's own.</summary>
public sealed class ApiDatabase(OperationsCluster cluster) : IAsyncLifetime
{
    private static int _count;
    private readonly string _name = $"api_{Environment.ProcessId}_{Interlocked.Increment(ref _count)}";

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

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}

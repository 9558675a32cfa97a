using Notifier.Tests.Fixtures;
using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace Notifier.Tests.Fixtures;

/// <summary>A PostgreSQL server of this test run alone. Each test class takes a database of its own from it, copied from a migrated template.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private const string Template = "notifier_template";

    private PostgresServer? _server;
    private NpgsqlDataSource? _admin;
    private int _databases;

    public int Port => _server!.Port;

    public async ValueTask InitializeAsync()
    {
        _server = await PostgresServer.NewAsync();
        _admin = NpgsqlDataSource.Create(_server.ConnectionString("postgres"));
        await MakeTemplateAsync();
    }

    /// <summary>A fresh database with the schema of this build and a clock that a test can move.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await AdminAsync($"CREATE DATABASE {name} TEMPLATE {Template} STRATEGY file_copy");
        return new TestDatabase(_server!.ConnectionString(name), () => _server.Running ? AdminAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)") : Task.CompletedTask);
    }

    /// <summary>Ends the server as a crash does: no checkpoint, every connection cut. For a cluster that a test has for itself.</summary>
    public async Task CrashAsync()
    {
        await _server!.CrashAsync();
        _admin!.Clear(); // its connections are dead, and it would find that out one by one
    }

    /// <inheritdoc cref="PostgresServer.StartAsync"/>
    public Task StartAsync() => _server!.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_admin is not null) await _admin.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
    }

    private async Task MakeTemplateAsync()
    {
        await AdminAsync($"CREATE DATABASE {Template}");
        await using (var template = NpgsqlDataSource.Create(_server!.ConnectionString(Template) + ";Pooling=false"))
        {
            await Migrator.MigrateAsync(template, CancellationToken.None);
            await using var clock = template.CreateCommand(TestDatabase.MovableClock + TestDatabase.Logins);
            await clock.ExecuteNonQueryAsync();
        }

        // A database can be copied only while nobody is connected to it.
        await AdminAsync($"ALTER DATABASE {Template} ALLOW_CONNECTIONS false");
    }

    private async Task AdminAsync(string sql)
    {
        await using var command = _admin!.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

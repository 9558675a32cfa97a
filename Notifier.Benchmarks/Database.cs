using Npgsql;

namespace Notifier.Benchmarks;

/// <summary>A database of its own on the cluster that ./dev bench has started, gone afterwards.</summary>
internal sealed class Database : IAsyncDisposable
{
    private readonly string _name = $"bench_{Guid.NewGuid():N}";
    private readonly string _cluster = Environment.GetEnvironmentVariable("ConnectionStrings__Notifier") ?? throw new InvalidOperationException("run it by ./dev bench");

    private Database() => ConnectionString = new NpgsqlConnectionStringBuilder(_cluster) { Database = _name, CommandTimeout = 300 }.ConnectionString;

    public string ConnectionString { get; }

    public NpgsqlDataSource Source { get; private set; } = null!;

    public static async Task<Database> CreateAsync()
    {
        var database = new Database();
        await database.OnClusterAsync($"CREATE DATABASE {database._name}");
        database.Source = NpgsqlDataSource.Create(database.ConnectionString);
        return database;
    }

    public async Task RunAsync(string sql, params object[] parameters)
    {
        await using var command = Source.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.AddWithValue(parameter);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return Convert.ToInt64(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await OnClusterAsync($"DROP DATABASE IF EXISTS {_name} WITH (FORCE)");
    }

    private async Task OnClusterAsync(string sql)
    {
        await using var cluster = NpgsqlDataSource.Create(_cluster);
        await using var command = cluster.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}

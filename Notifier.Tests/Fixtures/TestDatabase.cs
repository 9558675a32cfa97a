using System.Diagnostics;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Fixtures;

/// <summary>One test's database, with the conveniences a test wants. Disposed by dropping it.</summary>
public sealed class TestDatabase(string connectionString, Func<Task> drop) : IAsyncDisposable
{
    internal const string WorkerLogin = "a_worker", RelayLogin = "a_relay", PublisherLogin = "a_publisher", ReaderLogin = "a_reader";

    /// <summary>Roles belong to the whole server: made once.</summary>
    internal const string Logins =
        $"""
        CREATE ROLE {WorkerLogin} LOGIN IN ROLE notifier_worker;
        CREATE ROLE {RelayLogin} LOGIN IN ROLE relay_node;
        CREATE ROLE {PublisherLogin} LOGIN IN ROLE notifier_relay;
        CREATE ROLE {ReaderLogin} LOGIN IN ROLE notifier_reader;
        """;

    /// <summary>Put into the template after the migrations: lets time pass without waiting for it.</summary>
    internal const string MovableClock =
        """
        CREATE TABLE notifier.test_clock (shift interval NOT NULL);
        GRANT SELECT ON notifier.test_clock TO PUBLIC;
        INSERT INTO notifier.test_clock VALUES ('0');
        CREATE OR REPLACE FUNCTION notifier.now() RETURNS timestamptz LANGUAGE sql STABLE AS
          'SELECT pg_catalog.now() + (SELECT shift FROM notifier.test_clock)';
        """;

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

    public string ConnectionString { get; } = connectionString;

    /// <summary>As a worker, and as a relay, connect: with a role that may do what they need, and no more.</summary>
    public string WorkerConnectionString => As(WorkerLogin);

    /// <inheritdoc cref="WorkerConnectionString"/>
    public string RelayConnectionString => As(RelayLogin);

    public NpgsqlDataSource DataSource { get; } = NpgsqlDataSource.Create(connectionString);

    public string As(string login) => new NpgsqlConnectionStringBuilder(ConnectionString) { Username = login }.ConnectionString;

    /// <summary>Moves notifier.now(), and nothing else: what a worker times by its own clock is not moved.</summary>
    public Task AdvanceAsync(TimeSpan by) => ExecuteAsync("UPDATE notifier.test_clock SET shift = shift + $1", by);

    public Task<DateTimeOffset> NowAsync() => ScalarAsync<DateTimeOffset>("SELECT notifier.now()");

    /// <returns>How many rows were affected.</returns>
    public async Task<int> ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row; default where that is null. No row at all is a mistake.</summary>
    public async Task<T> ScalarAsync<T>(string sql, params object?[] parameters)
    {
        var values = await ListAsync<T>(sql, parameters);
        return values.Count > 0 ? values[0] : throw new InvalidOperationException($"no row: {sql}");
    }

    /// <summary>The first column of every row.</summary>
    public Task<List<T>> ListAsync<T>(string sql, params object?[] parameters) =>
        ReadAsync(sql, parameters, reader => reader.IsDBNull(0) ? default! : reader.GetFieldValue<T>(0));

    /// <summary>Every row, with null for a database's null.</summary>
    public Task<List<object?[]>> RowsAsync(string sql, params object?[] parameters) =>
        ReadAsync(sql, parameters, reader => Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i)).ToArray());

    /// <summary>Waits until a query says true. A server that is away for a moment is waited for, too.</summary>
    public async Task WaitUntilAsync(string sql, TimeSpan timeout, string what, params object?[] parameters)
    {
        var started = Stopwatch.GetTimestamp();
        var fault = "";
        using var timer = new PeriodicTimer(Poll);
        do
        {
            try
            {
                if (await ScalarAsync<bool>(sql, parameters)) return;
                fault = "";
            }
            catch (NpgsqlException e) when (e.IsTransient)
            {
                fault = $"\nlast fault: {e.Message}";
            }
        }
        while (Stopwatch.GetElapsedTime(started) < timeout && await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken));

        Assert.Fail($"Not within {timeout.TotalSeconds:0.#} s: {what}\n{sql}{fault}\n{await DatabaseDump.TakeAsync(this)}");
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await drop();
    }

    private async Task<List<T>> ReadAsync<T>(string sql, object?[] parameters, Func<NpgsqlDataReader, T> read)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add(read(reader));
        return rows;
    }

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = DataSource.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.AddWithValue(parameter ?? DBNull.Value);
        return command;
    }
}

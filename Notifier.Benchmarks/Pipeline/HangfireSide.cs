using System.Diagnostics;
using System.Globalization;
using Hangfire;
using Hangfire.PostgreSql;
using Npgsql;

namespace Notifier.Benchmarks.Pipeline;

/// <summary>
/// The design that most people would write, as a process of its own: a Hangfire job for every event, which writes what it decided, and for one in five a delayed
/// job for the email. Told a number on a line it carries so many events, and answers with the microseconds that took.
/// </summary>
internal static class HangfireSide
{
    private const int Enqueuers = 4;
    private static NpgsqlDataSource _database = null!;
    private static int _decided;

    public static async Task<int> RunAsync(string connectionString)
    {
        _database = NpgsqlDataSource.Create(connectionString);
        await using (var table = _database.CreateCommand("CREATE TABLE IF NOT EXISTS decision (at timestamptz NOT NULL DEFAULT now(), message text NOT NULL, recipient text NOT NULL, verdict text NOT NULL)"))
            await table.ExecuteNonQueryAsync();
        GlobalConfiguration.Configuration.UsePostgreSqlStorage(
            storage => storage.UseNpgsqlConnection(connectionString), new PostgreSqlStorageOptions { QueuePollInterval = TimeSpan.FromMilliseconds(50) });
        using var server = new BackgroundJobServer(new BackgroundJobServerOptions { WorkerCount = 20 });
        var count = 0;
        while (await Console.In.ReadLineAsync() is { } order)
        {
            var events = int.Parse(order, CultureInfo.InvariantCulture);
            _decided = 0;
            var (clock, next) = (Stopwatch.StartNew(), 0);
            await Task.WhenAll(Enumerable.Range(0, Enqueuers).Select(_ => Task.Run(() =>
            {
                while (Interlocked.Increment(ref next) <= events)
                {
                    var n = Interlocked.Increment(ref count);
                    BackgroundJob.Enqueue(() => Decide($"m{n}", $"r{n % 10_000}", n % 5 == 0));
                }
            })));
            while (Volatile.Read(ref _decided) < events) await Task.Delay(5);
            Console.WriteLine((clock.Elapsed.TotalMilliseconds * 1000).ToString("0", CultureInfo.InvariantCulture));
        }
        return 0;
    }

    public static async Task Decide(string message, string recipient, bool away)
    {
        await using var command = _database.CreateCommand("INSERT INTO decision (message, recipient, verdict) VALUES ($1, $2, $3)");
        command.Parameters.AddWithValue(message);
        command.Parameters.AddWithValue(recipient);
        command.Parameters.AddWithValue(away ? "wait" : "skip");
        await command.ExecuteNonQueryAsync();
        if (away) BackgroundJob.Schedule(() => Email(message), TimeSpan.FromMinutes(10));
        Interlocked.Increment(ref _decided);
    }

    public static void Email(string message) => _ = message;
}

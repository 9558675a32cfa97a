using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Notifier.Benchmarks.Relay;

/// <summary>
/// <c>./dev bench nodes</c>: two relays on one database, published at one and received at the other: by way of PostgreSQL alone, and over NATS. The time, and what it costs the database
/// besides what accepting and the outcomes cost either way.
/// </summary>
internal static class NodesBenchmark
{
    private const int Clients = 200, Group = 20, PerSecond = 50, TypingPerSecond = 50, Seconds = 4, Rounds = 5;

    public static async Task<int> RunAsync()
    {
        using var nats = await NatsServerSide.StartAsync();
        await using var plain = await Pair.StartAsync("PostgreSQL", null);
        await using var fast = await Pair.StartAsync("NATS", nats.Url);
        Pair[] pairs = [plain, fast];
        foreach (var pair in pairs) await pair.RoundAsync(1); // warms up
        var rounds = pairs.ToDictionary(p => p, _ => new List<Round>());
        for (var round = 0; round < Rounds; round++)
            foreach (var pair in pairs) rounds[pair].Add(await pair.RoundAsync(Seconds));

        Console.WriteLine($"from publish on one node to receipt on the other, milliseconds: {PerSecond} messages/s to {Group} of {Clients} connections and {TypingPerSecond} typing signals/s; medians of {Rounds} rounds of {Seconds} s in turn");
        Console.WriteLine("                   p50     p99   a second in the database: commits   bells   rows of signals   messages of others read");
        foreach (var (pair, all) in rounds)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  by {pair.Name,-12} {all.Select(r => r.P50).Median(),6:0.0}  {all.Select(r => r.P99).Median(),6:0.0} {all.Select(r => r.Commits).Median(),34:0} {all.Select(r => r.Bells).Median(),7:0} {all.Select(r => r.Signals).Median(),17:0} {all.Select(r => r.Read).Median(),26:0}"));
        Sides.Ratio("publish to receipt on another node over NATS, p50", "by way of PostgreSQL", rounds[fast].Zip(rounds[plain], (ours, theirs) => ours.P50 / theirs.P50).Median());
        Sides.Ratio("publish to receipt on another node over NATS, p99", "by way of PostgreSQL", rounds[fast].Zip(rounds[plain], (ours, theirs) => ours.P99 / theirs.P99).Median());
        return 0;
    }

    /// <param name="Commits">A second, as the others.</param>
    private sealed record Round(double P50, double P99, double Commits, double Bells, double Signals, double Read);

    /// <summary>Two relays on a database of their own.</summary>
    private sealed class Pair(string name, Database database, RelayServer here, RelayServer there, Crowd crowd, NpgsqlConnection bell) : IAsyncDisposable
    {
        private int _bells;

        public string Name => name;

        public static async Task<Pair> StartAsync(string name, string? nats)
        {
            var database = await Database.CreateAsync();
            await RelayBenchmark.MigrateAsync(database);
            var (here, there) = (await RelayBenchmark.StartOursAsync(database, nats), await RelayBenchmark.StartOursAsync(database, nats));
            var crowd = await Crowd.ConnectAsync(there.Port, Dialect.Ours, Clients);
            crowd.Acknowledges = true;
            var bell = await database.Source.OpenConnectionAsync();
            var pair = new Pair(name, database, here, there, crowd, bell);
            bell.Notification += (_, _) => pair._bells++;
            await using (var listen = new NpgsqlCommand("LISTEN relay_accepted", bell)) await listen.ExecuteNonQueryAsync();
            // Each looks for the other every two seconds.
            while (nats is not null && await database.CountAsync("SELECT count(*) FROM relay.node WHERE by_nats") < 2) await Task.Delay(50);
            await Task.Delay(2500);
            return pair;
        }

        public async Task<Round> RoundAsync(int seconds)
        {
            var (before, clock) = (await CountsAsync(), Stopwatch.StartNew());
            var (p50, p99) = await SteadyPace.RunAsync(crowd, PerSecond, seconds, Group, (id, n) => Task.WhenAll(here.PublishAsync(id, n * Group, Group, Clients), here.TypeAsync(n % Clients)));
            var (after, elapsed) = (await CountsAsync(), clock.Elapsed.TotalSeconds);
            double Rate(int of) => (after[of] - before[of]) / elapsed;
            return new Round(p50, p99, Rate(0), Rate(1), Rate(2), Rate(3));
        }

        public async ValueTask DisposeAsync()
        {
            crowd.Dispose();
            here.Dispose();
            there.Dispose();
            await bell.DisposeAsync();
            await database.DisposeAsync();
        }

        /// <summary>PostgreSQL's counters are up to a second behind.</summary>
        private async Task<long[]> CountsAsync()
        {
            await Task.Delay(1200);
            await using var command = new NpgsqlCommand("SELECT pg_stat_clear_snapshot()", bell);
            await command.ExecuteNonQueryAsync();
            return
            [
                await database.CountAsync("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"), _bells,
                await database.CountAsync("SELECT coalesce(max(id), 0) FROM relay.signal"),
                await there.CounterAsync("relay_carried_total{way=\"postgres\"}"),
            ];
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Notifier.Benchmarks.Pipeline;

/// <summary>
/// <c>./dev bench pipeline</c>: events a second from their coming to the commit of what was decided. Beside it, on the same cluster: a Hangfire job per message,
/// graphile-worker and pg-boss with jobs that do nothing, and as the limit the bare claim. Then how long a message takes from its commit to the push service, at a steady rate.
/// </summary>
internal static class PipelineBenchmark
{
    private const int Rounds = 5;

    /// <summary>How long a side is at work in a round, about; and before the first, so that just-in-time compilers have done their work.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(3), WarmUp = TimeSpan.FromSeconds(15);

    public static async Task<int> RunAsync()
    {
        await CompareAsync();
        var took = (await Promptness.MeasureAsync()).Order().ToArray();
        var (p50, p99) = (took[took.Length / 2], took[(int)(took.Length * 0.99)]);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"from commit to the push service, at {Promptness.PerSecond} events a second: p50 {p50:0} ms, p99 {p99:0} ms, of {took.Length}"));
        Sides.Ratio($"p99 from commit to the push service, at {Promptness.PerSecond} events a second", "100 ms", p99 / 100);
        return 0;
    }

    private static async Task CompareAsync()
    {
        using var nats = await NatsServerSide.StartAsync();
        var (database, worker) = await OurSide.StartAsync(nats);
        await using var own = database;
        using var process = worker;
        await using var byHttp = new OurSide(database, worker, nats, Door.Http);
        await using var bySql = new OurSide(database, worker, nats, Door.Sql);
        await using var byNats = new OurSide(database, worker, nats, Door.Nats);
        await using var hangfireDatabase = await Database.CreateAsync();
        await using var graphileDatabase = await Database.CreateAsync();
        await using var bossDatabase = await Database.CreateAsync();
        await using var claimDatabase = await Database.CreateAsync();
        var (pipelines, node) = (Path.Combine(Directory.GetCurrentDirectory(), "Notifier.Benchmarks"), "node");
        using var hangfire = new Side("a Hangfire job per message", pipelines, Environment.ProcessPath!, "pipeline-hangfire", hangfireDatabase.ConnectionString);
        using var graphile = new Side("graphile-worker", pipelines, "env", $"BENCH_DATABASE={Uri(graphileDatabase)}", node, "Pipeline/graphile_side.mjs");
        using var boss = new Side("pg-boss", pipelines, "env", $"BENCH_DATABASE={Uri(bossDatabase)}", node, "Pipeline/pgboss_side.mjs");

        IPipelineSide[] sides = [byHttp, bySql, byNats, new ProcessSide(hangfire), new ProcessSide(graphile), new ProcessSide(boss), await BareClaim.CreateAsync(claimDatabase)];
        var rates = await InTurnsAsync(sides);
        Console.WriteLine($"events a second, from coming to commit; median of {Rounds} rounds in turn");
        foreach (var (side, all) in sides.Zip(rates)) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {side.Name,-28} {all.Median(),9:0}   ({all.Min():0} to {all.Max():0})"));
        foreach (var (side, all) in sides.Zip(rates).Skip(1)) Sides.Ratio("events decided, by HTTP", side.Name, rates[0].Zip(all, (ours, theirs) => ours / theirs).Median());
    }

    private static async Task<List<double>[]> InTurnsAsync(IPipelineSide[] sides)
    {
        var events = new int[sides.Length];
        foreach (var (i, side) in sides.Index())
        {
            var warm = Stopwatch.StartNew();
            do events[i] = Math.Max(500, (int)(500 / (await side.RoundAsync(500)).TotalSeconds * Turn.TotalSeconds));
            while (warm.Elapsed < WarmUp / 3);
            while (warm.Elapsed < WarmUp) events[i] = Math.Max(500, (int)(events[i] / (await side.RoundAsync(events[i])).TotalSeconds * Turn.TotalSeconds));
        }
        var rates = sides.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
            foreach (var (i, side) in sides.Index()) rates[i].Add(events[i] / (await side.RoundAsync(events[i])).TotalSeconds);
        return rates;
    }

    private static string Uri(Database database)
    {
        var c = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        return $"postgres://{System.Uri.EscapeDataString(c.Username ?? "postgres")}{(c.Password is { Length: > 0 } p ? $":{System.Uri.EscapeDataString(p)}" : "")}@{System.Uri.EscapeDataString(c.Host!)}:{c.Port}/{c.Database}";
    }
}

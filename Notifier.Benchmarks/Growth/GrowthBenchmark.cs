using System.Diagnostics;
using System.Globalization;
using System.Text;
using Notifier.Benchmarks.Pipeline;

namespace Notifier.Benchmarks.Growth;

/// <summary>
/// <c>./dev bench growth</c>: the events of the benchmark pipeline, by SQL, decided by one, two and four workers on one database, by turns; and what a million of them cost: CPU time of
/// the worker and of PostgreSQL, WAL, and what is left of them in the tables.
/// </summary>
internal static class GrowthBenchmark
{
    private const int People = 10_000, Publishers = 4, Rounds = 3, WarmUp = 2_000, Events = 15_000, Costed = 50_000;
    private static readonly int[] Workers = [1, 2, 4];

    public static async Task<int> RunAsync()
    {
        await using var database = await Database.CreateAsync();
        using (await StartAsync(database)) { } // migrates
        await database.RunAsync(Mix.People, People);
        await database.RunAsync(Mix.ReadBefore, People);
        await database.RunAsync("VACUUM ANALYZE");
        await CostAsync(database);

        var rates = Workers.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < Rounds; round++)
            foreach (var (i, workers) in Workers.Index())
            {
                var mix = new Mix(People, $"w{round}-{workers}-");
                var running = await Task.WhenAll(Enumerable.Range(0, workers).Select(_ => StartAsync(database)));
                await DecideAsync(database, mix, WarmUp);
                rates[i].Add(Events / (await DecideAsync(database, mix, Events)).TotalSeconds);
                foreach (var worker in running) worker.Dispose();
            }
        Console.WriteLine($"events decided a second, by SQL, workers and PostgreSQL on the same {Environment.ProcessorCount} cores; median of {Rounds} rounds by turns");
        foreach (var (workers, all) in Workers.Zip(rates)) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {workers} workers {all.Median(),9:0}   ({all.Min():0} to {all.Max():0})"));
        foreach (var (workers, all) in Workers.Zip(rates).Skip(1)) Sides.Ratio($"{workers} workers", "one", all.Zip(rates[0], (more, one) => more / one).Median());
        return 0;
    }

    private static async Task CostAsync(Database database)
    {
        using var worker = await StartAsync(database);
        var mix = new Mix(People, "cost-");
        await DecideAsync(database, mix, WarmUp);
        await database.RunAsync("CHECKPOINT");
        var (cpu, server, wal, size) = (worker.CpuTime, await ServerAsync(database), await WalAsync(database), await SizesAsync(database));
        var took = await DecideAsync(database, mix, Costed);
        (cpu, server, wal) = (worker.CpuTime - cpu, await ServerAsync(database) - server, await WalAsync(database) - wal);
        await database.RunAsync("VACUUM");
        Console.WriteLine($"What a million events cost, from {Costed} of them by SQL ({took.TotalSeconds:0.0} s)");
        Cost("worker, CPU seconds", cpu.TotalSeconds);
        Cost("PostgreSQL, CPU seconds (publishing, too)", server.TotalSeconds);
        Cost("WAL, MB (full pages after one checkpoint)", wal / 1e6);
        foreach (var (table, bytes) in (await SizesAsync(database)).OrderByDescending(t => t.Value - size.GetValueOrDefault(t.Key)))
            if (bytes - size.GetValueOrDefault(table) > 1_000_000) Cost($"at rest, MB: {table}", (bytes - size.GetValueOrDefault(table)) / 1e6);

        static void Cost(string what, double of) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-60} {of * 1_000_000 / Costed,10:0}"));
    }

    private static Task<WorkerSide> StartAsync(Database database) => WorkerSide.StartAsync(database, new Dictionary<string, string> { ["Email__MailFolder"] = Path.GetTempPath() });

    private static async Task<TimeSpan> DecideAsync(Database database, Mix mix, int events)
    {
        var requests = new Queue<byte[]>(mix.Requests(events));
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Publishers).Select(async _ =>
        {
            while (Next() is { } request) await database.RunAsync("SELECT notifier.publish($1::jsonb)", Encoding.UTF8.GetString(request));
        }));
        while (await database.CountAsync("SELECT count(*) FROM (SELECT FROM notifier.inbox LIMIT 1) AS waiting") > 0)
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(5)) throw new InvalidOperationException("the inbox does not empty");
            await Task.Delay(5);
        }
        return clock.Elapsed;

        byte[]? Next()
        {
            lock (requests) return requests.TryDequeue(out var request) ? request : null;
        }
    }

    private static Task<long> WalAsync(Database database) => database.CountAsync("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')");

    /// <summary>Of every process of the server, those that have ended, too.</summary>
    private static async Task<TimeSpan> ServerAsync(Database database)
    {
        var folder = await TextAsync(database, "SHOW data_directory");
        var main = int.Parse(File.ReadLines(Path.Combine(folder, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        var ticks = 0L;
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => int.TryParse(Path.GetFileName(p), out _)))
        {
            try
            {
                // After the name, which may hold anything: state, parent, … utime, stime, cutime, cstime (proc(5), 14 to 17).
                var stat = await File.ReadAllTextAsync(Path.Combine(process, "stat"));
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                var isMain = Path.GetFileName(process) == main.ToString(CultureInfo.InvariantCulture);
                if (isMain || fields[1] == main.ToString(CultureInfo.InvariantCulture))
                    ticks += fields[11..(isMain ? 15 : 13)].Sum(f => long.Parse(f, CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // It has ended.
            }
        }
        return TimeSpan.FromSeconds(ticks / 100.0);
    }

    private static async Task<string> TextAsync(Database database, string sql)
    {
        await using var command = database.Source.CreateCommand(sql);
        return (string)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Tables with their indexes; partitions under the name of their table.</summary>
    private static async Task<Dictionary<string, long>> SizesAsync(Database database)
    {
        await using var command = database.Source.CreateCommand(
            """
            SELECT coalesce(i.inhparent::regclass, c.oid::regclass)::text, sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
            WHERE c.relnamespace IN ('notifier'::regnamespace, 'hangfire'::regnamespace) AND c.relkind = 'r' GROUP BY 1
            """);
        await using var reader = await command.ExecuteReaderAsync();
        var sizes = new Dictionary<string, long>();
        while (await reader.ReadAsync()) sizes[reader.GetString(0)] = reader.GetInt64(1);
        return sizes;
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using Notifier.Benchmarks.Pipeline;

namespace Notifier.Benchmarks.Retention;

/// <summary>
/// <c>./dev bench retention</c>: 40 days of 1,000 events a second, a day of the database's clock in six seconds, with autovacuum hastened as much as a server lets it. Once everything
/// has been kept for its full time, the last week must not be larger than the one before, nor leave more dead rows behind; and nobody who writes waits for what goes.
/// </summary>
internal static class RetentionBenchmark
{
    private const int People = 2_000, Days = 40, EventsPerSecond = 1_000, HoursPerStep = 6;
    private static readonly TimeSpan Day = TimeSpan.FromSeconds(6);

    public static async Task<int> RunAsync()
    {
        await using var database = await Database.CreateAsync();
        using var worker = await WorkerSide.StartAsync(database, new Dictionary<string, string> { ["Email__MailFolder"] = Path.GetTempPath() });
        await database.RunAsync("CREATE TABLE public.bench_clock (shift interval NOT NULL)");
        await database.RunAsync("INSERT INTO public.bench_clock VALUES ('0')");
        await database.RunAsync("CREATE OR REPLACE FUNCTION notifier.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT pg_catalog.now() + (SELECT shift FROM public.bench_clock)'");
        // The shortest pause that PostgreSQL allows: four hours here, where it is a minute elsewhere.
        await NapAsync(database, "SET autovacuum_naptime = '1s'");
        await database.RunAsync("INSERT INTO notifier.recipient (site, id, name) SELECT 'bench', 'r' || n, 'Bob' FROM generate_series(0, $1 - 1) AS n", People);
        await database.RunAsync(Mix.ReadBefore, People);

        var days = new List<DaySize>();
        List<double> writing = [], besideTidying = [];
        try
        {
            for (var day = 0; day < Days; day++) days.Add(await DayAsync(database, day, writing, besideTidying));
        }
        finally
        {
            await NapAsync(database, "RESET autovacuum_naptime");
        }
        Report(days, writing, besideTidying);
        return 0;
    }

    private static async Task<DaySize> DayAsync(Database database, int day, List<double> writing, List<double> besideTidying)
    {
        var requests = new Queue<byte[]>(new Mix(People, $"d{day}-").Requests((int)(EventsPerSecond * Day.TotalSeconds)));
        var perRequest = Day / requests.Count;
        var clock = Stopwatch.StartNew();
        var tidying = Task.CompletedTask;
        for (var n = 0; requests.TryDequeue(out var request); n++)
        {
            var due = n * perRequest - clock.Elapsed;
            if (due > TimeSpan.Zero) await Task.Delay(due);
            if (tidying.IsCompleted && n % 3 == 0) tidying = TidyAsync(database);
            var (from, beside) = (Stopwatch.GetTimestamp(), !tidying.IsCompleted);
            await database.RunAsync("SELECT notifier.publish($1::jsonb)", Encoding.UTF8.GetString(request));
            (beside ? besideTidying : writing).Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }
        await tidying;
        var waiting = await database.CountAsync("SELECT count(*) FROM notifier.inbox");
        return new DaySize(
            waiting, clock.Elapsed,
            await database.CountAsync("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relnamespace = 'notifier'::regnamespace AND relkind = 'r'"),
            await database.CountAsync("SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables WHERE schemaname = 'notifier'"),
            await database.CountAsync("SELECT coalesce(sum(n_live_tup), 0) FROM pg_stat_user_tables WHERE schemaname = 'notifier'"),
            await database.CountAsync("SELECT count(*) FROM pg_inherits WHERE inhparent IN ('notifier.trace'::regclass, 'notifier.event_key'::regclass)"));
    }

    /// <summary>Six hours pass, and the worker's hourly tidying is due: here by itself, since the worker's own clock does not hurry.</summary>
    private static async Task TidyAsync(Database database)
    {
        await database.RunAsync($"UPDATE public.bench_clock SET shift = shift + interval '{HoursPerStep} hours'");
        await database.RunAsync("SELECT notifier.tidy()");
        await database.RunAsync("SELECT notifier.tidy_rows()");
    }

    private static async Task NapAsync(Database database, string change)
    {
        await database.RunAsync($"ALTER SYSTEM {change}");
        await database.RunAsync("SELECT pg_reload_conf()");
    }

    private static void Report(List<DaySize> days, List<double> writing, List<double> besideTidying)
    {
        Console.WriteLine($"{Days} days at {EventsPerSecond} events a second, a day in {Day.TotalSeconds:0} s; publishing {Mix.Batch} events took p50 {At(writing, 0.5)} ms, p99 {At(writing, 0.99)} ms, and beside tidying p50 {At(besideTidying, 0.5)} ms, p99 {At(besideTidying, 0.99)} ms");
        Console.WriteLine($"  {"day",4} {"MB",8} {"dead rows",10} {"of all",8} {"partitions",10} {"undecided",10} {"seconds",8}");
        foreach (var (i, day) in days.Index().Where(d => d.Index % 3 == 0 || d.Index >= Days - 8))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {i + 1,4} {day.Bytes / 1e6,8:0} {day.Dead,10} {(double)day.Dead / Math.Max(1, day.Dead + day.Live),8:0.00} {day.Partitions,10} {day.Waiting,10} {day.Took.TotalSeconds,8:0.0}"));
        Sides.Ratio("size in the last three days", "a week earlier", Mean(days[^3..], d => d.Bytes) / Mean(days[^10..^7], d => d.Bytes));
        Sides.Ratio("dead rows in the last week", "all rows", Mean(days[^7..], d => d.Dead) / Mean(days[^7..], d => d.Dead + d.Live));
        Sides.Ratio("p99 of publishing beside tidying", "without", At(besideTidying, 0.99) / At(writing, 0.99));
    }

    private static double Mean(IEnumerable<DaySize> days, Func<DaySize, double> of) => days.Average(of);

    private static double At(List<double> all, double part) => all.Count == 0 ? double.NaN : Math.Round(all.Order().ElementAt((int)((all.Count - 1) * part)), 1);

    private sealed record DaySize(long Waiting, TimeSpan Took, long Bytes, long Dead, long Live, long Partitions);
}

using System.Globalization;

namespace Notifier.Benchmarks.Ladder;

/// <summary>
/// <c>./dev bench ladder</c>: what it costs to open, move, cancel and fire escalations while none, 100,000 and 1,000,000 others wait for their email; by turns, each level with a database
/// and a worker of its own. Then the operators' pages at the highest level, the rows in Hangfire's tables, and what is large in other ways: a person with 10,000 unseen
/// conversations, a group message to 100,000 people, a conversation with 100,000 unseen messages.
/// </summary>
internal static class LadderBenchmark
{
    private const int Rounds = 7, PageLoads = 5;
    private static readonly int[] Levels = [0, 100_000, 1_000_000];

    public static async Task<int> RunAsync()
    {
        var levels = new List<LadderLevel>();
        try
        {
            foreach (var pending in Levels) levels.Add(await LadderLevel.StartAsync(pending));
            await StepsAsync(levels);
            await PagesAsync(levels[^1]);
            foreach (var level in levels)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  rows in Hangfire's tables at {level.Pending} pending, at most: {level.MostHangfireRows}"));
            await LargeAsync(levels[0]);
        }
        finally
        {
            foreach (var level in levels) await level.DisposeAsync();
        }
        return 0;
    }

    private static async Task StepsAsync(List<LadderLevel> levels)
    {
        foreach (var level in levels) await level.RoundAsync(); // warms up
        var took = levels.ConvertAll(_ => new List<IReadOnlyDictionary<string, double>>());
        for (var round = 0; round < Rounds; round++)
            foreach (var (i, level) in levels.Index()) took[i].Add(await level.RoundAsync());

        Console.WriteLine($"Milliseconds for {LadderLevel.Many} of each, from the commit of the event to that of the decision; median of {Rounds} rounds by turns");
        Console.WriteLine($"  {"pending",10} {string.Join(' ', LadderLevel.Steps.Select(s => $"{s,12}"))}");
        foreach (var (i, level) in levels.Index())
            Console.WriteLine($"  {level.Pending,10} {string.Join(' ', LadderLevel.Steps.Select(s => string.Create(CultureInfo.InvariantCulture, $"{took[i].Select(r => r[s]).Median(),12:0}")))}");
        foreach (var step in LadderLevel.Steps)
            foreach (var i in Enumerable.Range(1, levels.Count - 1))
                Sides.Ratio($"{step} at {levels[i].Pending} pending", "at none", took[i].Zip(took[0], (full, empty) => full[step] / empty[step]).Median());
    }

    private static async Task PagesAsync(LadderLevel level)
    {
        Console.WriteLine($"Pages at {level.Pending} pending, milliseconds; the slowest of {PageLoads} loads after the first");
        foreach (var page in (string[])[
            "/hangfire", "/hangfire/jobs/scheduled", "/hangfire/jobs/succeeded", "/hangfire/servers", "/hangfire/pending-emails", "/hangfire/pending-emails?search=p7",
            "/hangfire/pending-emails?search=nobody", "/hangfire/why?search=p7", "/hangfire/dead-letters", "/hangfire/suppressed-addresses", "/hangfire/sites", "/hangfire/rates", "/metrics", "/health/ready"])
        {
            var slowest = 0.0;
            await level.LoadAsync(page);
            for (var load = 0; load < PageLoads; load++) slowest = Math.Max(slowest, await level.LoadAsync(page));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {page,-42} {slowest,6:0}"));
        }
    }

    private static async Task LargeAsync(LadderLevel level)
    {
        Console.WriteLine("What is large in other ways, seconds until all of it is decided");
        foreach (var (what, step) in level.Large())
        {
            var took = await step();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {what,-78} {took.TotalSeconds,6:0.00}"));
        }
        Console.WriteLine($"  rows of content for the group message: {await level.ContentRowsAsync()}");
    }
}

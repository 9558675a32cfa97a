using System.Globalization;
using System.Security.Cryptography;
using Notifier.Faults;
using Notifier.Faults.Soaking;
using Notifier.Faults.Stage;

// Notifier.Faults WORKER.dll RELAY.dll FOLDER [--seed N] [--jobs N] [--again N] [SCENARIO…]: none named is all of them, "ci" those that CI runs.
// Notifier.Faults WORKER.dll RELAY.dll FOLDER [--seed N] [--rate N] [--minutes N] [--people N] soak
var (product, root) = (new Product(Path.GetFullPath(args[0]), Path.GetFullPath(args[1])), Path.GetFullPath(args[2]));
var rest = args[3..].ToList();
var seed = ulong.Parse(Option("--seed") ?? $"{RandomNumberGenerator.GetInt32(1, 1_000_000)}", CultureInfo.InvariantCulture);
var (jobs, again) = (Number("--jobs", 2), Number("--again", 2));
var (rate, minutes, people) = (Number("--rate", 2000), Number("--minutes", 5), Number("--people", 100_000));
if (rest is ["soak"]) return await Soak.RunAsync(product, Path.Combine(root, "soak"), seed, new Load((int)rate, TimeSpan.FromMinutes(minutes), (int)people)) ? 0 : 1;
string[] names = rest is ["ci"] ? Scenarios.InCi : [.. rest];
if (names.FirstOrDefault(n => Scenarios.All.All(s => s.Name != n)) is { } unknown)
{
    Console.Error.WriteLine($"there is no scenario {unknown}; there are: {string.Join(", ", Scenarios.All.Select(s => s.Name))}");
    return 2;
}

await using var ground = await Ground.NewAsync(product.Worker);
var report = new Report(seed);
await Parallel.ForEachAsync(Scenarios.All.Where(s => names.Length == 0 || names.Contains(s.Name)), new ParallelOptions { MaxDegreeOfParallelism = (int)jobs }, async (scenario, _) =>
{
    if (scenario.CannotRun() is { } reason)
    {
        report.Skipped(scenario, reason);
        return;
    }
    try
    {
        for (var left = again; ; left--)
        {
            var verdict = await Play.RunAsync(scenario, seed, ground, product, Path.Combine(root, scenario.Name));
            if (verdict.Holds || verdict.Doubt is null || left <= 0)
            {
                report.Ended(scenario, verdict);
                return;
            }
            report.Again(scenario, verdict);
        }
    }
    catch (Exception e)
    {
        report.Broke(scenario, e);
    }
});
report.Totals();
return report.Failed == 0 ? 0 : 1;

double Number(string name, double usual) => Option(name) is { } given ? double.Parse(given, CultureInfo.InvariantCulture) : usual;

string? Option(string name)
{
    var at = rest.IndexOf(name);
    if (at < 0) return null;
    var value = rest[at + 1];
    rest.RemoveRange(at, 2);
    return value;
}

using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Notifier.Faults;
using Notifier.Faults.Soaking;
using Notifier.Faults.Stage;

// Notifier.Faults WORKER.dll FOLDER [--seed N] [--jobs N] [--again N] [SCENARIO…]: none named is all of them, "ci" those that CI runs.
// Notifier.Faults WORKER.dll FOLDER [--seed N] [--rate N] [--minutes N] soak
var (worker, root) = (Path.GetFullPath(args[0]), Path.GetFullPath(args[1]));
var rest = args[2..].ToList();
var seed = Option("--seed") is { } given ? ulong.Parse(given, CultureInfo.InvariantCulture) : (ulong)RandomNumberGenerator.GetInt32(1, 1_000_000);
var jobs = int.Parse(Option("--jobs") ?? "2", CultureInfo.InvariantCulture);
var more = int.Parse(Option("--again") ?? "2", CultureInfo.InvariantCulture);
var rate = int.Parse(Option("--rate") ?? "2000", CultureInfo.InvariantCulture);
var minutes = double.Parse(Option("--minutes") ?? "5", CultureInfo.InvariantCulture);
if (rest is ["soak"]) return await Soak.RunAsync(worker, Path.Combine(root, "soak"), seed, rate, TimeSpan.FromMinutes(minutes)) ? 0 : 1;
string[] names = rest is ["ci"] ? Scenarios.InCi : [.. rest];
if (names.FirstOrDefault(n => Scenarios.All.All(s => s.Name != n)) is { } unknown)
{
    Console.Error.WriteLine($"there is no scenario {unknown}; there are: {string.Join(", ", Scenarios.All.Select(s => s.Name))}");
    return 2;
}

await using var ground = await Ground.NewAsync(worker);
var totals = new Dictionary<string, (double Sum, double Most, bool Holds)>();
var failed = 0;
await Parallel.ForEachAsync(Scenarios.All.Where(s => names.Length == 0 || names.Contains(s.Name)), new ParallelOptions { MaxDegreeOfParallelism = jobs }, async (scenario, _) =>
{
    if (scenario.CannotRun() is { } reason)
    {
        Console.WriteLine($"scenario: {scenario.Name} = skipped ({reason})");
        return;
    }
    var clock = Stopwatch.StartNew();
    var lines = new List<string>();
    try
    {
        var verdict = await Play.RunAsync(scenario, seed, ground, worker, Path.Combine(root, scenario.Name));
        for (var again = 0; verdict.IsDoubtful && again < more; again++)
        {
            Console.WriteLine($"{scenario.Name}: this machine stood still for {verdict.Stall:0.0} s; once more");
            verdict = await Play.RunAsync(scenario, seed, ground, worker, Path.Combine(root, scenario.Name));
        }
        var findings = verdict.Findings;
        lock (totals)
            foreach (var f in findings)
            {
                var (sum, most, holds) = totals.GetValueOrDefault(f.Invariant, (0, 0, true));
                totals[f.Invariant] = (sum + f.Value, Math.Max(most, f.Value), holds && f.Broken.Count == 0);
            }
        lines.AddRange(findings.Where(f => f.Broken.Count > 0).SelectMany(f => f.Broken.Take(5).Select(b => $"    {f.Invariant}: {b}").Append($"    {f.Invariant}: {f.Broken.Count} in all")));
    }
    catch (Exception e)
    {
        lines.Add($"    {e}");
    }
    if (lines.Count > 0) Interlocked.Increment(ref failed);
    lines.Insert(0, $"scenario: {scenario.Name} = {(lines.Count == 0 ? "ok" : "failed")} (seed {seed}, {clock.Elapsed.TotalSeconds:0} s)");
    lock (totals) Console.WriteLine(string.Join('\n', lines));
});
foreach (var (invariant, (sum, most, _)) in totals) Console.WriteLine($"invariant: {invariant} = {(invariant.StartsWith("seconds", StringComparison.Ordinal) ? most : sum)}");
return failed == 0 ? 0 : 1;

string? Option(string name)
{
    var at = rest.IndexOf(name);
    if (at < 0) return null;
    var value = rest[at + 1];
    rest.RemoveRange(at, 2);
    return value;
}

using Notifier.Faults.Checking;

namespace Notifier.Faults;

/// <summary>What is printed: a line for each scenario and what it found broken, and at the end a line for each promise, over all of them.</summary>
internal sealed class Report(ulong seed)
{
    private const int Shown = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, double> _totals = [];

    public int Failed { get; private set; }

    public void Skipped(Scenario scenario, string reason) => Write($"scenario: {scenario.Name} = skipped ({reason})");

    public void Again(Scenario scenario, Verdict verdict) =>
        Write($"{scenario.Name}: {verdict.Doubt}; once more, after: {string.Join("; ", verdict.Findings.Where(f => f.Broken.Count > 0).Select(f => $"{f.Invariant} = {f.Value}, {f.Broken[0]}"))}");

    public void Broke(Scenario scenario, Exception e)
    {
        lock (_lock) Failed++;
        Write($"scenario: {scenario.Name} = failed (seed {seed})\n    {e}");
    }

    public void Ended(Scenario scenario, Verdict verdict)
    {
        var broken = verdict.Findings.Where(f => f.Broken.Count > 0).ToArray();
        var unproven = verdict.Doubt is not null && broken.All(f => f.ByTheClock);
        lock (_lock)
        {
            if (!verdict.Holds && !unproven) Failed++;
            foreach (var finding in unproven ? verdict.Findings.Except(broken) : verdict.Findings)
                _totals[finding.Invariant] = finding.IsLength ? Math.Max(_totals.GetValueOrDefault(finding.Invariant), finding.Value) : _totals.GetValueOrDefault(finding.Invariant) + finding.Value;
        }
        var outcome = verdict.Holds ? "ok" : unproven ? $"unproven: {verdict.Doubt}" : "failed";
        Write(string.Join('\n', [
            $"scenario: {scenario.Name} = {outcome} (seed {seed}, {verdict.Length.TotalSeconds:0} s)",
            .. broken.SelectMany(f => f.Broken.Take(Shown).Select(b => $"    {f.Invariant}: {b}").Append($"    {f.Invariant}: {f.Broken.Count} in all")),
        ]));
    }

    public void Totals()
    {
        foreach (var (invariant, value) in _totals) Write($"invariant: {invariant} = {value}");
    }

    private void Write(string lines)
    {
        lock (_lock) Console.WriteLine(lines);
    }
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using Notifier.Faults.Checking;
using Notifier.Faults.Driving;
using Notifier.Faults.Stage;

namespace Notifier.Faults;

/// <param name="Doubt">Why this machine proves nothing about times; null: it does.</param>
/// <param name="Length">How long it took, from the first process to the last.</param>
internal sealed record Verdict(IReadOnlyList<Finding> Findings, string? Doubt, TimeSpan Length)
{
    public bool Holds => Findings.All(f => f.Broken.Count == 0);
}

/// <summary>One scenario from its seed to its verdict: load and faults together, then rest, then the checker.</summary>
internal static class Play
{
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(9);

    public static async Task<Verdict> RunAsync(Scenario scenario, ulong seed, Ground shared, Product product, string folder)
    {
        var clock = Stopwatch.StartNew();
        string? doubt;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var random = new Seeded(seed);
        var plan = new Plan(random.Branch(), Load);
        var record = Path.Combine(folder, "driver.jsonl");
        await using var cast = await Cast.StartAsync(scenario.Setup, shared, product, folder, scenario.Name);
        using (var log = new DriverLog(record))
        using (var doors = new Doors(cast))
        {
            log.Write("scenario", new { scenario.Name, Seed = seed });
            await RegisterAsync(plan, cast, doors, log);
            using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            var watch = new DueWatch(cast.Database, log);
            var driver = new Driver(doors, log, random.Branch());
            await using (new Tabs(cast, plan.Persons))
            {
                var driving = driver.RunAsync(plan.Events, stop.Token);
                await scenario.Inject(new Act(cast, driver, log, random.Branch(), Load));
                log.Write("healed", new { Fault = "all" });
                await driving;
            }
            log.Write("driven");
            await new Rest(cast, driver, log).SettleAsync(stop.Token);
            await watch.DisposeAsync();
            doubt = watch.Machine.Doubt;
        }
        var evidence = await Evidence.ReadAsync(cast.Database, folder);
        return new Verdict([.. Invariants.Of(evidence, scenario.Repeats, scenario.Parks)], doubt, clock.Elapsed);
    }

    private static async Task RegisterAsync(Plan plan, Cast cast, Doors doors, DriverLog log)
    {
        foreach (var person in plan.Persons)
        {
            var path = $"/v1/sites/{Plan.Site}/recipients/{person.Id}";
            await doors.PutAsync(path, new { email = person.HasAddress ? $"{person.Id}@example.org" : null, name = person.Id });
            JsonObject? subscription = person.HasDevice ? cast.Push.Subscribe(person.Id) : null;
            if (subscription is not null) await doors.PutAsync($"{path}/subscriptions", subscription);
            log.Write("person", new { person.Id, person.HasAddress, Endpoint = (string?)subscription?["endpoint"] });
        }
    }
}

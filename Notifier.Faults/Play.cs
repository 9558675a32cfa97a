using System.Text.Json.Nodes;
using Notifier.Faults.Checking;
using Notifier.Faults.Driving;
using Notifier.Faults.Stage;

namespace Notifier.Faults;

/// <param name="Stall">For so many seconds the machine stood still for us.</param>
internal sealed record Verdict(IReadOnlyList<Finding> Findings, double Stall)
{
    /// <summary>Leases of seconds prove nothing on a machine that stands still for as long.</summary>
    public bool IsDoubtful => Findings.Any(f => f.Broken.Count > 0) && Stall > Pace.Lease.TotalSeconds / 4;
}

/// <summary>One scenario from its seed to its verdict: load and faults together, then rest, then the checker.</summary>
internal static class Play
{
    private static readonly TimeSpan Load = TimeSpan.FromSeconds(9);

    public static async Task<Verdict> RunAsync(Scenario scenario, ulong seed, Ground shared, string worker, string folder)
    {
        double stall;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        var random = new Seeded(seed);
        var plan = new Plan(random.Branch(), Load);
        var record = Path.Combine(folder, "driver.jsonl");
        await using var cast = await Cast.StartAsync(scenario.Setup, shared, worker, folder, scenario.Name);
        using (var log = new DriverLog(record))
        using (var doors = new Doors([.. cast.Workers.Select(w => w.Address)], cast.Database))
        {
            log.Write("scenario", new { scenario.Name, Seed = seed });
            await RegisterAsync(plan, cast, doors, log);
            using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            var watch = new DueWatch(cast.Database, log);
            var driver = new Driver(doors, log, random.Branch());
            var driving = driver.RunAsync(plan.Events, stop.Token);
            await scenario.Inject(new Act(cast, driver, log, random.Branch(), Load));
            log.Write("healed", new { Fault = "all" });
            await driving;
            log.Write("driven");
            await new Rest(cast.Database, driver, log).SettleAsync(stop.Token);
            await watch.DisposeAsync();
            stall = watch.Stall;
        }
        var evidence = await Evidence.ReadAsync(cast.Database, folder);
        return new Verdict([.. Invariants.Of(evidence, scenario.Repeats)], stall);
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

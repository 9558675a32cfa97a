using System.Diagnostics;
using System.Globalization;
using Notifier.Faults.Driving;
using Notifier.Faults.Stage;

namespace Notifier.Faults.Soaking;

/// <param name="PerSecond">Events.</param>
internal sealed record Load(int PerSecond, TimeSpan Length, int People);

/// <summary>Half an hour's mixed traffic in five minutes, the ladder's times shortened as much; no fault but the load.</summary>
internal static class Soak
{
    private static readonly TimeSpan Sample = TimeSpan.FromSeconds(5), Patience = TimeSpan.FromMinutes(2);

    private static readonly Setup Setup = new(Settings: new Dictionary<string, string>
    {
        ["Escalation__EmailDelay"] = "00:01:40",
        ["Escalation__GroupEmailDelay"] = "00:05:00",
        ["Escalation__EmailDelayFloor"] = "00:00:20",
        ["Escalation__QuietPeriod"] = "00:00:10",
        ["Escalation__MaxQuietWait"] = "00:00:50",
        ["Escalation__MaxPresenceDelay"] = "00:10:00",
        ["Escalation__PresenceLease"] = "00:00:07.500",
        ["Escalation__ActiveWait"] = "00:00:05",
        ["Escalation__OnlineWait"] = "00:00:10",
        ["Escalation__IdleWait"] = "00:00:03",
        ["Email__Lease"] = "00:01:00",
        ["Email__FinalTimeout"] = "00:01:00",
        ["WebPush__Timeout"] = "00:00:20",
        ["WebPush__Lease"] = "00:01:30",
        ["Alarms__Sweep"] = "00:00:10",
        ["Alarms__Tolerance"] = "00:00:15",
        ["Alarms__LockTimeout"] = "00:00:45",
        ["Alarms__InvisibilityTimeout"] = "00:01:00",
        ["Logging__LogLevel__Default"] = "Warning",
    });

    /// <returns>Whether all of it holds.</returns>
    public static async Task<bool> RunAsync(Product product, string folder, ulong seed, Load load)
    {
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(folder);
        await using var ground = await Ground.NewAsync(product.Worker, witness: false);
        await using var cast = await Cast.StartAsync(Setup, ground, product, folder, "soak");
        var crowd = new Crowd(cast, load.People);
        await crowd.RegisterAsync();
        using var traffic = new Traffic(cast, crowd, new Seeded(seed));
        var depths = new List<long>();
        var memory = new List<double>();
        var told = 0;

        var clock = Stopwatch.StartNew();
        var driving = traffic.RunAsync(load.PerSecond, load.Length);
        while (!driving.IsCompleted)
        {
            await Task.WhenAny(driving, Task.Delay(Sample));
            depths.Add(await DepthAsync(cast));
            memory.Add(cast.Workers.Sum(w => w.Megabytes));
            var latest = traffic.Latencies.Skip(told).ToArray();
            told += latest.Length;
            Console.WriteLine($"soak: {clock.Elapsed.TotalSeconds:0} s, {traffic.Sent} events, {depths[^1]} wait, {memory[^1]:0} MB, {told} pushes, p99 of the latest {Percentile(latest, 0.99):0} ms");
        }
        await driving;
        var rate = traffic.Sent / clock.Elapsed.TotalSeconds;
        var rest = Stopwatch.StartNew();
        while (await DepthAsync(cast) > 0 && rest.Elapsed < Patience) await Task.Delay(100);
        var left = await DepthAsync(cast);
        var missed = await cast.Workers[0].MetricAsync("notifier_missed");

        var all = traffic.Latencies.ToArray();
        var p99 = Percentile(all, 0.99);
        var growth = memory.Count < 8 ? 1 : memory[^(memory.Count / 4)..].Average() / memory[(memory.Count / 4)..(memory.Count / 2)].Average();
        return Tell("events a second", rate, rate >= load.PerSecond * 0.98)
            & Tell("events that wait at most", depths.Max(), true)
            & Tell("seconds until none waits", rest.Elapsed.TotalSeconds, left == 0)
            & Tell("events left", left, left == 0)
            & Tell("missed", missed, missed == 0)
            & Tell("milliseconds from event to push, median", Percentile(all, 0.5), true)
            & Tell("milliseconds from event to push, p99", p99, p99 < 500)
            & Tell("pushes measured", all.Length, all.Length > 0)
            & Tell("megabytes of both workers at the end", memory[^1], true)
            & Tell("memory of the last quarter over that of the second", growth, growth < 1.25);
    }

    private static double Percentile(double[] seconds, double part) => seconds.Length == 0 ? double.NaN : seconds.Order().ElementAt((int)(seconds.Length * part)) * 1000;

    private static bool Tell(string what, double value, bool holds)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"invariant: soak, {what} = {Math.Round(value, 2)}{(holds ? "" : " (does not hold)")}"));
        return holds;
    }

    private static async Task<long> DepthAsync(Cast cast)
    {
        await using var command = cast.Database.CreateCommand("SELECT count(*) FROM notifier.inbox");
        return (long)(await command.ExecuteScalarAsync())!;
    }
}

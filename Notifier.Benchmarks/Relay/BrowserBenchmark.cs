using System.Diagnostics;
using System.Globalization;

namespace Notifier.Benchmarks.Relay;

/// <summary>
/// <c>./dev bench browser</c>: from the site, through the relay, to a page of a real Chromium whose SharedWorker has opened the sealed message; while 1,000 others are connected and 99 of
/// them get each message too.
/// </summary>
internal static class BrowserBenchmark
{
    private const int Clients = 1000, Group = 100, PerSecond = 50, Seconds = 10, Rounds = 5;

    public static async Task<int> RunAsync()
    {
        await using var database = await Database.CreateAsync();
        await RelayBenchmark.MigrateAsync(database);
        using var relay = await RelayBenchmark.StartOursAsync(database);
        using var crowd = await Crowd.ConnectAsync(relay.Port, Dialect.Ours, Clients);
        crowd.Acknowledges = true;

        object[] arguments = ["Notifier.Benchmarks/Relay/browser_side.mjs", relay.Port, ConnectTokens.Key, RelayServer.ApiKey, Clients, Group, PerSecond, Seconds, Rounds + 1];
        using var side = Process.Start(new ProcessStartInfo("node", [.. arguments.Select(a => Convert.ToString(a, CultureInfo.InvariantCulture)!)]) { RedirectStandardOutput = true })!;
        var rounds = new List<(double P50, double P99)>();
        while (await side.StandardOutput.ReadLineAsync() is { } line)
        {
            var times = line.Split(' ').Select(t => double.Parse(t, CultureInfo.InvariantCulture)).ToArray();
            rounds.Add((times[0], times[1]));
        }
        await side.WaitForExitAsync();
        if (side.ExitCode != 0 || rounds.Count != Rounds) throw new InvalidOperationException("the browser's side ended; its words are above");

        Console.WriteLine($"from the site to a page of Chromium, opened, milliseconds: {PerSecond} sealed messages/s to {Group} of {Clients + 1} people, {Rounds} rounds of {Seconds} s");
        foreach (var (p50, p99) in rounds) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  p50 {p50,6:0.0}   p99 {p99,6:0.0}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  medians: p50 {rounds.Select(r => r.P50).Median():0.0}, p99 {rounds.Select(r => r.P99).Median():0.0}"));
        Sides.Ratio("site to page, opened, p99", "50 ms", rounds.Select(r => r.P99).Median() / 50);
        return 0;
    }
}

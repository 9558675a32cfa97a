using System.Diagnostics;
using System.Globalization;

namespace Notifier.Benchmarks.Email;

/// <summary><c>./dev bench email</c>: emails a second into the same real Postfix, beside nodemailer's pool; near, and 20 ms away. Then <see cref="DrainBenchmark"/>.</summary>
internal static class EmailBenchmark
{
    private const int Rounds = 7, Connections = 4;

    /// <summary>As many as a worker may have to one server, both for the drain and for the transport that it is compared with.</summary>
    private const int DrainConnections = 8;

    private static readonly string Text = string.Join("\n", Enumerable.Repeat("Ada: Is it still available? I could come by tomorrow.", 10));

    // As long as ours: more than one block of a socket's, so that it shows who waits between two.
    private static readonly string Html = $"<html><body>{string.Join("\n", Enumerable.Repeat("<p><b>Ada</b>: Is it still available? I could come by tomorrow.</p>", 120))}</body></html>";

    public static async Task<int> RunAsync()
    {
        using var postfix = await Postfix.StartAsync();
        using var far = new DelayedLink(postfix.Port, TimeSpan.FromMilliseconds(20));
        await CompareAsync("Postfix on this machine", postfix.Port, mails: 400);
        await CompareAsync("Postfix 20 ms away", far.Port, mails: 200);
        // Near, the server has the two cores in common with what sends to it; far, its pace is its own.
        await DrainBenchmark.RunAsync("Postfix on this machine", postfix.Port, DrainConnections, await AloneAsync(postfix.Port, mails: 1000));
        await DrainBenchmark.RunAsync("Postfix 20 ms away", far.Port, DrainConnections, await AloneAsync(far.Port, mails: 400));
        return 0;
    }

    private static Side Ours(int port, int connections) => new("ours", ".", Environment.ProcessPath!, "email-side", $"{port}", $"{connections}", Text, Html);

    /// <returns>Emails a second of our transport by itself, over as many connections as the drain has.</returns>
    private static async Task<double> AloneAsync(int port, int mails)
    {
        using var ours = Ours(port, DrainConnections);
        var rates = new List<double>();
        for (var round = 0; round <= Rounds; round++)
        {
            var clock = Stopwatch.StartNew();
            await ours.RoundAsync(mails);
            if (round > 0) rates.Add(mails / clock.Elapsed.TotalSeconds);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Our transport alone over {DrainConnections} connections: {rates.Median():0} emails a second ({rates.Min():0} to {rates.Max():0})"));
        return rates.Median();
    }

    private static async Task CompareAsync(string where, int port, int mails)
    {
        string[] arguments = [$"{port}", $"{Connections}", Text, Html];
        using var ours = Ours(port, Connections);
        using var theirs = new Side("nodemailer pooled", "Notifier.Benchmarks", ["node", "Email/nodemailer_side.mjs", .. arguments]);
        var seconds = new Dictionary<Side, List<double>> { [ours] = [], [theirs] = [] };
        for (var round = 0; round <= Rounds; round++)
            foreach (var side in round % 2 == 0 ? new[] { ours, theirs } : [theirs, ours])
            {
                var clock = Stopwatch.StartNew();
                side.Rates.Add(await side.RoundAsync(mails));
                seconds[side].Add(mails / clock.Elapsed.TotalSeconds);
            }
        // The first round warmed up.
        foreach (var (side, rates) in seconds)
        {
            rates.RemoveAt(0);
            side.Rates.RemoveAt(0);
        }

        Console.WriteLine($"{where}: emails a second, {mails} a round over {Connections} connections, median of {Rounds} rounds in turn");
        foreach (var (side, rates) in seconds)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {side.Name,-20}{rates.Median(),8:0}   ({rates.Min():0} to {rates.Max():0});  {side.Rates.Median():0} a second of CPU time"));
        Sides.Ratio($"emails a second, {where}", theirs.Name, seconds[ours].Zip(seconds[theirs], (a, b) => a / b).Median());
    }
}

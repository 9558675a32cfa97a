using System.Diagnostics;
using System.Globalization;

namespace Notifier.Benchmarks;

/// <summary>
/// One side of a comparison: a process of its own, so that its CPU time is its own. Told a number on a line it does so many pieces of work, and answers with
/// the CPU time they took in microseconds and, where it knows, the bytes it allocated.
/// </summary>
internal sealed class Side : IDisposable
{
    private readonly Process _process;

    public Side(string name, string directory, params string[] commandLine)
    {
        Name = name;
        _process = Process.Start(new ProcessStartInfo(commandLine[0], commandLine[1..])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
    }

    public string Name { get; }

    /// <summary>Pieces of work in a second of CPU time, one entry a round.</summary>
    public List<double> Rates { get; } = [];

    /// <summary>Bytes allocated for a piece of work, in the last round.</summary>
    public double? Allocated { get; private set; }

    public async Task<double> RoundAsync(int pieces)
    {
        await _process.StandardInput.WriteLineAsync(pieces.ToString(CultureInfo.InvariantCulture));
        var answer = await _process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"{Name} ended; its words are above");
        var numbers = answer.Split(' ').Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        if (numbers.Length > 1) Allocated = numbers[1] / pieces;
        return pieces / (numbers[0] / 1e6);
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000)) _process.Kill();
        _process.Dispose();
    }
}

internal static class Sides
{
    /// <summary>Rounds in turn, each side once in every round: what the machine does meanwhile meets all of them. The first two warm up.</summary>
    /// <param name="milliseconds">How long a side works in a round, about.</param>
    public static async Task InTurnsAsync(IReadOnlyList<Side> sides, int rounds, int milliseconds)
    {
        var pieces = new int[sides.Count];
        foreach (var (i, side) in sides.Index())
        {
            await side.RoundAsync(300);
            pieces[i] = Math.Max(100, (int)(await side.RoundAsync(1000) * milliseconds / 1000));
        }
        for (var round = 0; round < rounds; round++)
            foreach (var (i, side) in sides.Index()) side.Rates.Add(await side.RoundAsync(pieces[i]));
    }

    public static double Median(this IEnumerable<double> values) => values.Order().ToArray() is var sorted ? sorted[sorted.Length / 2] : 0;

    /// <summary>The median over the rounds of the ratio within a round.</summary>
    public static double To(this Side side, Side peer) => side.Rates.Zip(peer.Rates, (ours, theirs) => ours / theirs).Median();

    public static void Ratio(string what, string peer, double value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ratio: {what} vs {peer} = {value:0.00}"));
}

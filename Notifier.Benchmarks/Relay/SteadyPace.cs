using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Notifier.Benchmarks.Relay;

/// <summary>Publishes so many messages a second, whether or not the last has come, and takes the time of each delivery.</summary>
internal static class SteadyPace
{
    /// <param name="publish">Publishes the nth message, under an id.</param>
    /// <param name="group">How many get each.</param>
    /// <returns>From publish to receipt, in milliseconds.</returns>
    public static async Task<(double P50, double P99)> RunAsync(Crowd crowd, int perSecond, int seconds, int group, Func<string, int, Task> publish)
    {
        var sent = new ConcurrentDictionary<string, long>();
        var times = new ConcurrentBag<double>();
        var marker = "\"id\":\"lat-"u8.ToArray();
        crowd.Delivered = payload =>
        {
            var at = payload.IndexOf(marker);
            if (at < 0) return;
            var id = payload[(at + 6)..];
            id = id[..id.IndexOf((byte)'"')];
            if (sent.TryGetValue(Encoding.ASCII.GetString(id), out var start)) times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        };
        var messages = perSecond * seconds;
        var expected = crowd.Received + messages * group;
        var run = Guid.NewGuid().ToString("N")[..8];
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / perSecond));
        var publishing = new List<Task>();
        for (var n = 0; n < messages; n++)
        {
            await timer.WaitForNextTickAsync();
            var id = $"lat-{run}-{n}";
            sent[id] = Stopwatch.GetTimestamp();
            publishing.Add(publish(id, n));
        }
        await Task.WhenAll(publishing);
        await crowd.WaitForAsync(expected);
        crowd.Delivered = null;
        var sorted = times.Order().ToArray();
        return (sorted[sorted.Length / 2], sorted[sorted.Length * 99 / 100]);
    }
}

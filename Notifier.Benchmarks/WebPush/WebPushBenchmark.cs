namespace Notifier.Benchmarks.WebPush;

/// <summary><c>./dev bench webpush</c>: complete requests in a second of CPU time, beside npm's web-push and the same cryptography in C; then <see cref="DeliveryBenchmark"/>.</summary>
internal static class WebPushBenchmark
{
    private const int Rounds = 9, MillisecondsEach = 500;

    public static async Task<int> RunAsync()
    {
        var self = Environment.ProcessPath!;
        using var native = new Side("native path", ".", self, "webpush-side", "native");
        using var portable = new Side("portable path", ".", self, "webpush-side", "portable");
        using var cold = new Side("portable, each device for the first time", ".", self, "webpush-side", "portable-cold");
        using var npm = new Side("npm web-push", "Notifier.Benchmarks", "node", "WebPush/npm_side.mjs");
        using var limit = new Side("OpenSSL in C", ".", Environment.GetEnvironmentVariable("BENCH_OPENSSL_SIDE") ?? throw new InvalidOperationException("run it by ./dev bench webpush"));
        Side[] sides = [native, portable, cold, npm, limit];
        await Sides.InTurnsAsync(sides, Rounds, MillisecondsEach);

        Console.WriteLine($"Complete requests in a second of CPU time: 200 bytes to 1,000 subscriptions, median of {Rounds} rounds in turn");
        foreach (var side in sides)
            Console.WriteLine($"  {side.Name,-40} {side.Rates.Median(),8:0}   ({side.Rates.Min():0} to {side.Rates.Max():0}){(side.Allocated is { } bytes ? $"   {bytes:0} bytes allocated each" : "")}");
        Sides.Ratio("request, native path", "OpenSSL in C", native.To(limit));
        Sides.Ratio("request, native path", "npm web-push", native.To(npm));
        Sides.Ratio("request, portable path", "npm web-push", portable.To(npm));
        Sides.Ratio("request, portable path, each device for the first time", "npm web-push", cold.To(npm));
        return await DeliveryBenchmark.RunAsync();
    }
}

using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Notifier.Benchmarks.Shares;
using Notifier.Domain.WebPush;

namespace Notifier.Benchmarks.Pipeline;

/// <summary>How long after its commit a message is at its push service, while a worker takes 1,000 events a second of the mix: in requests of 50, as relays send them, to people with a browser each.</summary>
internal static class Promptness
{
    public const int PerSecond = 1000;
    private const string Key = "the-key-of-the-benchmark";
    private const int RequestsASecond = 20, People = 10_000;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(15), Length = TimeSpan.FromSeconds(20), Patience = TimeSpan.FromMinutes(1);

    /// <returns>Milliseconds, of every message of the second part that is told by Web Push.</returns>
    public static async Task<List<double>> MeasureAsync()
    {
        await using var sink = await PushSink.StartAsync();
        await using var database = await Database.CreateAsync();
        var keys = VapidKeys.Generate();
        using var worker = await WorkerSide.StartAsync(database, new Dictionary<string, string>
        {
            ["Intake__ApiKeys__0"] = Key,
            ["WebPush__PublicKey"] = keys.PublicKey,
            ["WebPush__PrivateKey"] = keys.PrivateKey,
            ["WebPush__Subject"] = "mailto:bench@notifier.example",
            ["WebPush__AllowLoopback"] = "true",
            ["Logging__LogLevel__Default"] = "Warning",
            ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information",
        });
        await database.RunAsync(Mix.People, People);
        await database.RunAsync(Mix.ReadBefore, People);
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        await database.RunAsync(
            """
            INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth)
            SELECT 'bench', 'r' || n, $1 || '/push/' || n, $1, $2, decode(md5(n::text), 'hex') FROM generate_series(0, $3 - 1) AS n
            """, sink.Origin, P256Point.Export(key.ExportParameters(false).Q), People);
        await database.RunAsync("VACUUM ANALYZE");
        using var client = new HttpClient { BaseAddress = worker.Address, DefaultRequestHeaders = { Authorization = new("Bearer", Key) } };

        var away = new List<int>();
        var mix = new Mix(People, "prompt", away.Add);
        _ = await RunAsync(WarmUp); // of what is told then some is seen at once: nobody waits for it
        return [.. (await Task.WhenAll(await RunAsync(Length)).WaitAsync(Patience)).SelectMany(t => t)];

        async Task<List<Task<double[]>>> RunAsync(TimeSpan length)
        {
            var took = new List<Task<double[]>>();
            var clock = Stopwatch.StartNew();
            for (var n = 0; n < length.TotalSeconds * RequestsASecond; n++)
            {
                var due = TimeSpan.FromSeconds((double)n / RequestsASecond) - clock.Elapsed;
                if (due > TimeSpan.Zero) await Task.Delay(due);
                away.Clear();
                var request = mix.Requests(PerSecond / RequestsASecond).Single();
                took.Add(TookAsync(client, request, [.. away.Select(person => sink.NextAsync($"/push/{person}"))]));
            }
            return took;
        }
    }

    private static async Task<double[]> TookAsync(HttpClient client, byte[] request, Task<long>[] came)
    {
        using var content = new ByteArrayContent(request) { Headers = { ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json") } };
        using var answer = await client.PostAsync(new Uri("/v1/events", UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
        var committed = Stopwatch.GetTimestamp();
        return [.. (await Task.WhenAll(came)).Select(at => Math.Max(0, Stopwatch.GetElapsedTime(committed, at).TotalMilliseconds))];
    }
}

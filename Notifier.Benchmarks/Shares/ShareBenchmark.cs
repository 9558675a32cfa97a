using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Notifier.Domain.WebPush;

namespace Notifier.Benchmarks.Shares;

/// <summary>
/// <c>./dev bench shares</c>: two sites on one worker. How long the messages of one take from their commit to their push service, while the other sends as many; twenty times
/// as many; and while thousands of its events wait. The phases go by turns: what the machine does meanwhile meets all of them.
/// </summary>
internal static class ShareBenchmark
{
    private const string Key = "the-key-of-the-benchmark", Calm = "calm", Storm = "storm";
    private const int People = 500, Rounds = 4, Share = 10, Times = 20, Backlog = 10_000;
    private static readonly TimeSpan Phase = TimeSpan.FromSeconds(15);
    private static long _events, _decided;

    public static async Task<int> RunAsync()
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
        });
        foreach (var site in (string[])[Calm, Storm]) await RegisterAsync(database, sink.Origin, site);
        using var client = new HttpClient { BaseAddress = worker.Address, DefaultRequestHeaders = { Authorization = new("Bearer", Key) } };

        List<double> alike = [], storm = [], backlog = [];
        List<double>[] turns = [[], [], []];
        await PhaseAsync(client, sink, TimeSpan.FromSeconds(5), Share); // warms up
        for (var round = 0; round < Rounds; round++)
        {
            alike.AddRange(await PhaseAsync(client, sink, Phase, Share));
            turns[0].AddRange(await UntilTurnAsync(database));
            storm.AddRange(await PhaseAsync(client, sink, Phase, Share * Times));
            turns[1].AddRange(await UntilTurnAsync(database));
            await PublishBacklogAsync(database);
            backlog.AddRange(await PhaseAsync(client, sink, TimeSpan.MaxValue, 0, async () => await WaitingAsync(database) > 0));
            turns[2].AddRange(await UntilTurnAsync(database));
            while (await database.CountAsync("SELECT count(*) FROM notifier.push_outbox") > 0) await Task.Delay(50);
        }
        Console.WriteLine($"From commit to the push service, of a site with {Share} messages a second; {Rounds} rounds by turns");
        foreach (var (what, all, turn) in (IEnumerable<(string, List<double>, List<double>)>)[("another site sends as many", alike, turns[0]), ($"it sends {Times} times as many", storm, turns[1]), ($"{Backlog} of its events wait", backlog, turns[2])])
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {what,-32} p50 {At(all, 0.5),6:0} ms, p99 {At(all, 0.99),6:0} ms, of {all.Count}; until its turn begins p50 {At(turn, 0.5),6:0} ms, p99 {At(turn, 0.99),6:0} ms"));
        Sides.Ratio($"p99 beside a site at {Times} times its share", "beside one at its share", At(storm, 0.99) / At(alike, 0.99));
        Sides.Ratio($"p99 while {Backlog} events of another site wait", "beside one at its share", At(backlog, 0.99) / At(alike, 0.99));
        return 0;
    }

    /// <summary>Milliseconds, of each message of the calm site.</summary>
    private static async Task<List<double>> PhaseAsync(HttpClient client, PushSink sink, TimeSpan most, int ofOther, Func<Task<bool>>? goesOn = null)
    {
        using var ended = new CancellationTokenSource();
        var other = ofOther == 0 ? Task.CompletedTask : PaceAsync(ofOther, () => PublishAsync(client, Storm), ended.Token);
        var took = new List<Task<double>>();
        var clock = Stopwatch.StartNew();
        await PaceAsync(Share, async () =>
        {
            if (clock.Elapsed > most || (goesOn is not null && !await goesOn()))
            {
                await ended.CancelAsync();
                return;
            }
            took.Add(TookAsync(client, sink));
        }, ended.Token);
        await other;
        return [.. await Task.WhenAll(took).WaitAsync(TimeSpan.FromMinutes(2))];
    }

    private static async Task<double> TookAsync(HttpClient client, PushSink sink)
    {
        var n = Interlocked.Increment(ref _events);
        var came = sink.NextAsync($"/push/{Calm}/{n % People}");
        await PublishAsync(client, Calm, n);
        var committed = Stopwatch.GetTimestamp();
        return Math.Max(0, Stopwatch.GetElapsedTime(committed, await came).TotalMilliseconds);
    }

    private static async Task PaceAsync(int perSecond, Func<Task> act, CancellationToken ended)
    {
        var clock = Stopwatch.StartNew();
        for (long n = 0; !ended.IsCancellationRequested; n++)
        {
            var due = TimeSpan.FromSeconds((double)n / perSecond) - clock.Elapsed;
            if (due > TimeSpan.FromMilliseconds(1)) await Task.Delay(due, CancellationToken.None);
            _ = act();
        }
    }

    private static async Task PublishAsync(HttpClient client, string site, long? of = null)
    {
        var n = of ?? Interlocked.Increment(ref _events);
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(Event(site, n))) { Headers = { ContentType = new MediaTypeHeaderValue("application/cloudevents+json") } };
        using var answer = await client.PostAsync(new Uri("/v1/events", UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Milliseconds from the commit of each event of the calm site to the turn that decided it, since this was asked last.</summary>
    private static async Task<List<double>> UntilTurnAsync(Database database)
    {
        await using var command = database.Source.CreateCommand(
            """
            SELECT extract(epoch FROM d.at - em.received_at)::float8 * 1000 FROM notifier.decision d JOIN notifier.escalation_message em USING (site, recipient, message)
            WHERE d.site = $1 AND d.channel = 'push' AND d.verdict = 'send' AND d.id > $2
            """);
        command.Parameters.AddWithValue(Calm);
        command.Parameters.AddWithValue(_decided);
        var waited = new List<double>();
        await using (var reader = await command.ExecuteReaderAsync())
            while (await reader.ReadAsync()) waited.Add(reader.GetDouble(0));
        _decided = await database.CountAsync("SELECT max(id) FROM notifier.decision");
        return waited;
    }

    /// <summary>Each in a conversation of its own, to somebody who is away.</summary>
    private static string Event(string site, long n) =>
        $$$"""{"specversion":"1.0","id":"e{{{n}}}","source":"/sites/{{{site}}}/relay","type":"message.outcome","data":{"site":"{{{site}}}","message":{"id":"{{{site}}}{{{n}}}","conversation":"c{{{n}}}","seq":1,"kind":"direct","sender":{"id":"ada","name":"Ada"},"text":"Is it still available?"},"recipients":[{"id":"r{{{n % People}}}","outcome":"undelivered","presence":"offline"}]}}""";

    private static async Task PublishBacklogAsync(Database database)
    {
        var events = Enumerable.Range(0, Backlog).Select(_ => Event(Storm, Interlocked.Increment(ref _events)));
        await database.RunAsync("SELECT notifier.publish($1::jsonb)", $"[{string.Join(',', events)}]");
    }

    private static Task<long> WaitingAsync(Database database) => database.CountAsync($"SELECT count(*) FROM (SELECT FROM notifier.inbox WHERE site = '{Storm}' LIMIT 1) AS waiting");

    private static Task RegisterAsync(Database database, string origin, string site)
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        return database.RunAsync(
            """
            INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth)
            SELECT $1, 'r' || n, $2 || '/push/' || $1 || '/' || n, $2, $3, decode(md5(n::text), 'hex') FROM generate_series(0, $4 - 1) AS n
            """, site, origin, P256Point.Export(key.ExportParameters(false).Q), People);
    }

    private static double At(List<double> all, double part) => all.Count == 0 ? double.NaN : all.Order().ElementAt((int)Math.Min(all.Count - 1, Math.Ceiling(part * all.Count) - 1));
}

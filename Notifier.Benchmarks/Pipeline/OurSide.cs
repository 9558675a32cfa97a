using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;

namespace Notifier.Benchmarks.Pipeline;

/// <summary>The worker, fed through one of its doors; a round ends when every event is decided and committed.</summary>
internal sealed class OurSide(Database database, WorkerSide worker, bool bySql) : IPipelineSide, IDisposable
{
    private const string Key = "the-key-of-the-benchmark";
    private const int People = 10_000, Publishers = 4;
    private readonly Mix _mix = new(People, bySql ? "sql" : "http");
    private readonly HttpClient _client = new() { BaseAddress = worker.Address, DefaultRequestHeaders = { Authorization = new("Bearer", Key) } };

    public string Name => bySql ? "Notifier, by SQL" : "Notifier, by HTTP";

    public static async Task<(Database Database, WorkerSide Worker)> StartAsync()
    {
        var database = await Database.CreateAsync();
        var worker = await WorkerSide.StartAsync(database, new Dictionary<string, string> { ["Intake__ApiKeys__0"] = Key, ["Intake__MaxBacklog"] = "10000000", ["Logging__LogLevel__Default"] = "Warning", ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information" });
        await database.RunAsync(Mix.People, People);
        await database.RunAsync(Mix.ReadBefore, People);
        await database.RunAsync("ANALYZE notifier.recipient, notifier.seen_mark");
        return (database, worker);
    }

    public async Task<TimeSpan> RoundAsync(int events)
    {
        var requests = new Queue<byte[]>(_mix.Requests(events));
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Publishers).Select(async _ =>
        {
            while (Next() is { } request) await PublishAsync(request);
        }));
        while (await database.CountAsync("SELECT count(*) FROM (SELECT FROM notifier.inbox LIMIT 1) AS waiting") > 0) await Task.Delay(5);
        return clock.Elapsed;

        byte[]? Next()
        {
            lock (requests) return requests.TryDequeue(out var request) ? request : null;
        }
    }

    private async Task PublishAsync(byte[] request)
    {
        if (bySql)
        {
            await database.RunAsync("SELECT notifier.publish($1::jsonb)", Encoding.UTF8.GetString(request));
            return;
        }
        using var content = new ByteArrayContent(request) { Headers = { ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json") } };
        using var answer = await _client.PostAsync(new Uri("/v1/events", UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
    }

    public void Dispose() => _client.Dispose();
}

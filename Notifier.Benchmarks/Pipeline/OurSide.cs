using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;

namespace Notifier.Benchmarks.Pipeline;

/// <summary>Where events come in.</summary>
internal enum Door
{
    /// <summary><c>POST /v1/events</c>.</summary>
    Http,

    /// <summary><c>notifier.publish</c>.</summary>
    Sql,

    /// <summary>A JetStream stream.</summary>
    Nats,
}

/// <summary>The worker, fed through one of its doors; a round ends when every event is decided and committed.</summary>
internal sealed class OurSide(Database database, WorkerSide worker, NatsServerSide nats, Door door) : IPipelineSide, IAsyncDisposable
{
    private const string Key = "the-key-of-the-benchmark";
    private const int People = 10_000, Publishers = 4;
    private readonly Mix _mix = new(People, door.ToString().ToLowerInvariant());
    private readonly HttpClient _client = new() { BaseAddress = worker.Address, DefaultRequestHeaders = { Authorization = new("Bearer", Key) } };
    private readonly NatsConnection _nats = new(new NatsOpts { Url = nats.Url });

    public string Name => $"Notifier, by {(door == Door.Nats ? "NATS" : door.ToString().ToUpperInvariant())}";

    public static async Task<(Database Database, WorkerSide Worker)> StartAsync(NatsServerSide nats)
    {
        var database = await Database.CreateAsync();
        var worker = await WorkerSide.StartAsync(database, new Dictionary<string, string> { ["Intake__ApiKeys__0"] = Key, ["Nats__Url"] = nats.Url, ["Intake__MaxBacklog"] = "10000000", ["Logging__LogLevel__Default"] = "Warning", ["Logging__LogLevel__Microsoft.Hosting.Lifetime"] = "Information" });
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
        while (door == Door.Nats && await IsWaitingAsync()) await Task.Delay(5);
        while (await database.CountAsync("SELECT count(*) FROM (SELECT FROM notifier.inbox ORDER BY id LIMIT 1) AS waiting") > 0) await Task.Delay(5);
        return clock.Elapsed;

        byte[]? Next()
        {
            lock (requests) return requests.TryDequeue(out var request) ? request : null;
        }
    }

    private async Task PublishAsync(byte[] request)
    {
        if (door == Door.Sql)
        {
            await database.RunAsync("SELECT notifier.publish($1::jsonb)", Encoding.UTF8.GetString(request));
            return;
        }
        if (door == Door.Nats)
        {
            (await new NatsJSContext(_nats).PublishAsync("notifier.events.bench", request)).EnsureSuccess();
            return;
        }
        using var content = new ByteArrayContent(request) { Headers = { ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json") } };
        using var answer = await _client.PostAsync(new Uri("/v1/events", UriKind.Relative), content);
        answer.EnsureSuccessStatusCode();
    }

    private async Task<bool> IsWaitingAsync() => (await new NatsJSContext(_nats).GetConsumerAsync("NOTIFIER", "notifier-worker")).Info is not { NumPending: 0, NumAckPending: 0 };

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _nats.DisposeAsync();
    }
}

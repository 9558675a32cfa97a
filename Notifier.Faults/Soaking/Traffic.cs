using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Notifier.Faults.Driving;
using Notifier.Faults.Stage;

namespace Notifier.Faults.Soaking;

/// <summary>What a busy site's relays say: half messages, a third seen, the rest presence; in batches, at a rate that does not wait for answers.</summary>
internal sealed class Traffic : IDisposable
{
    private const int BatchesASecond = 20, Remembered = 20_000;

    private readonly Cast _cast;
    private readonly Crowd _crowd;
    private readonly Seeded _random;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly List<(int Person, string Conversation, long Seq)> _recent = [];
    private readonly ConcurrentDictionary<(string Conversation, long UpTo), double> _awaited = new();
    private long _events;

    public Traffic(Cast cast, Crowd crowd, Seeded random)
    {
        (_cast, _crowd, _random) = (cast, crowd, random);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Doors.Key);
        cast.Push.Taken += (conversation, upTo) =>
        {
            if (_awaited.TryRemove((conversation, upTo), out var sent)) Latencies.Enqueue(DriverLog.Now - sent);
        };
    }

    public long Sent { get; private set; }

    /// <summary>From a message's event to its push message at the push service, in seconds.</summary>
    public ConcurrentQueue<double> Latencies { get; } = [];

    public void Dispose() => _http.Dispose();

    public async Task RunAsync(int perSecond, TimeSpan length)
    {
        var start = DriverLog.Now;
        var posting = new List<Task>();
        for (var batch = 0; batch < length.TotalSeconds * BatchesASecond; batch++)
        {
            var wait = start + (double)batch / BatchesASecond - DriverLog.Now;
            if (wait > 0) await Task.Delay(TimeSpan.FromSeconds(wait));
            var events = new JsonArray([.. Enumerable.Range(0, perSecond / BatchesASecond).Select(_ => (JsonNode)Event())]).ToJsonString(JsonSerializerOptions.Web);
            posting.Add(PostAsync(_cast.Workers[batch % _cast.Workers.Count].Address, events));
            posting.RemoveAll(p => p.IsCompletedSuccessfully);
            Sent += perSecond / BatchesASecond;
        }
        await Task.WhenAll(posting);
    }

    private async Task PostAsync(Uri worker, string events)
    {
        while (true)
        {
            using var content = new StringContent(events, Encoding.UTF8, "application/cloudevents-batch+json");
            using var answer = await _http.PostAsync(new Uri(worker, "/v1/events"), content);
            if (answer.StatusCode == HttpStatusCode.Accepted) return;
            if (answer.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable)) throw new InvalidOperationException($"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
            await Task.Delay(500);
        }
    }

    private JsonObject Event()
    {
        var lot = _random.Below(100);
        return lot < 50 ? Message() : lot < 83 && _recent.Count > 0 ? Seen() : Presence();
    }

    private JsonObject Message()
    {
        var person = _random.Below(_crowd.People);
        var seq = ++_events;
        var conversation = $"c-{person}-{_random.Below(3)}";
        var outcome = _random.Below(4) == 0 ? ("undelivered", "offline") : ("delivered", _random.Below(3) == 0 ? "idle" : "active");
        if (outcome.Item1 == "undelivered" && Crowd.HasBrowser(person)) _awaited[(conversation, seq)] = DriverLog.Now;
        if (_recent.Count < Remembered) _recent.Add((person, conversation, seq));
        else _recent[_random.Below(Remembered)] = (person, conversation, seq);
        return Envelope("message.outcome", new JsonObject
        {
            ["message"] = new JsonObject
            {
                ["id"] = $"m-{seq}",
                ["conversation"] = conversation,
                ["seq"] = seq,
                ["kind"] = "direct",
                ["sender"] = new JsonObject { ["id"] = "ada", ["name"] = "Ada" },
                ["text"] = "Is it still available? I would come by tonight, or on Thursday.",
                ["sentAt"] = TimeProvider.System.GetUtcNow().ToString("O"),
            },
            ["recipients"] = new JsonArray(new JsonObject { ["id"] = $"p-{person}", ["outcome"] = outcome.Item1, ["presence"] = outcome.Item2 }),
        });
    }

    private JsonObject Seen()
    {
        var (person, conversation, seq) = _random.Of(_recent);
        return Envelope("conversation.seen", new JsonObject { ["recipient"] = $"p-{person}", ["conversation"] = conversation, ["seq"] = seq });
    }

    private JsonObject Presence() => Envelope("presence.changed", new JsonObject
    {
        ["recipient"] = $"p-{_random.Below(_crowd.People)}",
        ["presence"] = _random.Of(["online", "idle", "offline"]),
        ["node"] = "relay-1",
    });

    private JsonObject Envelope(string type, JsonObject data)
    {
        data["site"] = Plan.Site;
        return new JsonObject { ["specversion"] = "1.0", ["id"] = $"s-{Interlocked.Increment(ref _ids)}", ["source"] = "/sites/acme/relay-1", ["type"] = type, ["data"] = data };
    }

    private long _ids;
}

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Notifier.Faults.Driving;

/// <summary>A relay that never gives up: publishes what is planned at its time, again and again until a door has taken it.</summary>
internal sealed class Driver(Doors doors, DriverLog log, Seeded random)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), Pause = TimeSpan.FromMilliseconds(150);

    /// <summary>Ends when every event was accepted.</summary>
    public async Task RunAsync(IReadOnlyList<PlannedEvent> events, CancellationToken stop)
    {
        var start = DriverLog.Now;
        var publishing = new List<Task>();
        foreach (var e in events)
        {
            var wait = e.At - TimeSpan.FromSeconds(DriverLog.Now - start);
            if (wait > TimeSpan.Zero) await Task.Delay(wait, stop);
            var again = e.Twice ? random.Between(0.5, 4) : (TimeSpan?)null;
            publishing.Add(Task.Run(() => PublishAsync(e, again, stop), stop));
        }
        await Task.WhenAll(publishing);
    }

    public Task PublishAsync(string id, string type, JsonObject data, CancellationToken stop)
    {
        data["site"] = Plan.Site;
        return PublishAsync(new PlannedEvent(TimeSpan.Zero, random.Chance(30), false, id, type, data), null, stop);
    }

    private async Task PublishAsync(PlannedEvent e, TimeSpan? again, CancellationToken stop)
    {
        var time = TimeProvider.System.GetUtcNow().ToString("O");
        if (e.Data["message"] is JsonObject message)
        {
            message["sentAt"] = time;
            if (doors.HasRelays)
            {
                log.Write("published", new { e.Id, e.Data });
                await InsistTwiceAsync(e.Id, Published(e.Data, message), Way.Relay, Way.Relay, again, stop);
                return;
            }
        }
        var body = new JsonObject
        {
            ["specversion"] = "1.0",
            ["id"] = e.Id,
            ["source"] = "/sites/acme/relay-1",
            ["type"] = e.Type,
            ["time"] = time,
            ["data"] = e.Data.DeepClone(),
        };
        log.Write("offered", new { e.Id, e.Type, e.Data });
        var (first, second) = e.Sql ? (Way.Sql, Way.Events) : (Way.Events, Way.Sql);
        await InsistTwiceAsync(e.Id, body.ToJsonString(), first, second, again, stop);
    }

    /// <summary>As a site publishes it: who has it, and who has not, the relay finds out.</summary>
    private static string Published(JsonObject data, JsonObject message)
    {
        var body = (JsonObject)message.DeepClone();
        body["site"] = Plan.Site;
        body["to"] = new JsonArray([.. data["recipients"]!.AsArray().Select(r => r!["id"]!.DeepClone())]);
        return body.ToJsonString();
    }

    private async Task InsistTwiceAsync(string id, string body, Way first, Way second, TimeSpan? again, CancellationToken stop)
    {
        await InsistAsync(id, body, first, 0, stop);
        if (again is not { } pause) return;
        await Task.Delay(pause, stop);
        await InsistAsync(id, body, second, 1, stop);
    }

    private async Task InsistAsync(string id, string body, Way way, int door, CancellationToken stop)
    {
        var start = DriverLog.Now;
        for (; ; door++)
        {
            if (await doors.TryAsync(way, body, door, stop) is { } accepted)
            {
                // A relay says what is new to that node; what became of it, the inbox shows.
                log.Write("accepted", new { Id = id, Way = $"{way}", Accepted = way == Way.Relay ? 0 : accepted });
                return;
            }
            if (DriverLog.Now - start > Patience.TotalSeconds) throw new TimeoutException($"no door took event {id} for {Patience.TotalSeconds} s");
            await Task.Delay(Pause, stop);
        }
    }
}

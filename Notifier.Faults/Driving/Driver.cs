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
        if (e.Data["message"] is JsonObject message) message["sentAt"] = time;
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
        await InsistAsync(e.Id, body.ToJsonString(), e.Sql, stop);
        if (again is not { } pause) return;
        await Task.Delay(pause, stop);
        await InsistAsync(e.Id, body.ToJsonString(), !e.Sql, stop);
    }

    private async Task InsistAsync(string id, string body, bool sql, CancellationToken stop)
    {
        var start = DriverLog.Now;
        for (var door = 0; ; door++)
        {
            if (await doors.TryAsync(body, sql, door, stop) is { } accepted)
            {
                log.Write("accepted", new { Id = id, Sql = sql, Accepted = accepted });
                return;
            }
            if (DriverLog.Now - start > Patience.TotalSeconds) throw new TimeoutException($"no door took event {id} for {Patience.TotalSeconds} s");
            await Task.Delay(Pause, stop);
        }
    }
}

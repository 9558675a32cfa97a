using System.Text.Json.Nodes;

namespace Notifier.Faults.Injecting;

/// <summary>What can befall a relay.</summary>
internal static class Relays
{
    private const int Burst = 40;

    /// <summary>SIGKILL in the middle of a burst: some of it is answered, the rest is under way in every stage.</summary>
    public static async Task KillAsync(Act act)
    {
        for (var round = 0; act.Goes; round++)
        {
            await act.PauseAsync(0.3, 1.2);
            var relay = act.Random.Of(act.Cast.Relays);
            var publishing = Enumerable.Range(0, Burst).Select(n => act.Driver.PublishAsync($"burst-{round}-{n}", "message.outcome", Message($"c-{1000 + round * Burst + n}"), CancellationToken.None)).ToList();
            await Task.WhenAny(publishing);
            act.Fault($"SIGKILL {relay.Name}");
            relay.Kill();
            await act.PauseAsync(0.1, 1);
            await relay.StartAsync();
            act.Healed(relay.Name);
            await Task.WhenAll(publishing);
        }
    }

    /// <summary>For one who has nothing but a tab, and one who has nothing but a browser in the background (<see cref="Driving.Plan"/>).</summary>
    private static JsonObject Message(string conversation) => new()
    {
        ["message"] = new JsonObject
        {
            ["id"] = $"{conversation}-m-1",
            ["conversation"] = conversation,
            ["seq"] = 1,
            ["kind"] = "direct",
            ["sender"] = new JsonObject { ["id"] = "ada", ["name"] = "Ada" },
            ["text"] = $"#{conversation}-m-1# was said",
            ["url"] = $"https://acme.example/messages/{conversation}",
        },
        ["recipients"] = new JsonArray(new JsonObject { ["id"] = "u-23" }, new JsonObject { ["id"] = "u-15" }),
    };
}

using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Relay.Connections;
using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Tests.Relay;

public sealed class FaultTests(PostgresCluster cluster, RelayFixture relay) : IClassFixture<RelayFixture>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task While_the_database_is_away_publishing_says_503_sockets_live_and_nothing_is_forgotten_afterwards()
    {
        await using var link = new TcpProxy(cluster.Port);
        await using var host = await RelayHost.StartAsync(new NpgsqlConnectionStringBuilder(relay.Database.RelayConnectionString) { Port = link.Port }.ConnectionString);
        await using var ada = await RelayClient.ConnectAsync(host.Address, "away-ada");
        await host.PublishAsync("away-0", "away-ada");
        await link.RefuseAsync();
        link.Cut();

        var refused = await host.PublishAsync("away-1", "away-ada", "away-bob");
        refused.AssertProblem(503);
        Assert.Equal("5", refused.Header("Retry-After"));
        await ada.AckAsync((await ada.EventAsync("away-1")).GetProperty("o").GetInt64());
        await ada.SendAsync(new { t = "seen", cid = "kept", conv = "c-1", seq = 1 });
        await ada.SendAsync(new { t = "ping" });
        await ada.WaitAsync("pong");
        Assert.Equal(503, (await host.SendAsync(HttpMethod.Get, "/health/ready")).Status);
        Assert.Equal(200, (await host.SendAsync(HttpMethod.Get, "/health/live")).Status);

        link.Accept();
        var again = await AcceptedAsync(host, "away-1", "away-ada", "away-bob");
        Assert.Equal("""{"accepted":1,"duplicates":0}""", again.Body);
        Assert.Equal("kept", (await ada.WaitAsync("ok")).GetProperty("cid").GetString());
        await relay.Database.WaitUntilAsync(
            "SELECT array_agg(delivered ORDER BY recipient) = '{t,f}' FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message = 'away-1'", Soon, "both outcomes");
        Assert.Single(ada.Events, e => e.GetProperty("id").GetString() == "away-1");
    }

    [Fact]
    public async Task A_half_open_connection_is_found_and_what_it_took_is_undelivered()
    {
        await using var host = await RelayHost.StartAsync(relay.Database.RelayConnectionString,
            ("Relay:AckVisible", "00:00:00.4"), ("Relay:AckHidden", "00:00:00.8"), ("Relay:AckProbe", "00:00:00.4"), ("Relay:PongTimeout", "00:00:01"));
        await using var link = new TcpProxy(host.Address.Port);
        await using var ada = await RelayClient.ConnectAsync(new Uri($"http://127.0.0.1:{link.Port}"), "half-ada");
        link.ToServer.Delay = TimeSpan.FromHours(1); // whatever the client says is lost

        await host.PublishAsync("half-1", "half-ada");
        await ada.AckAsync((await ada.EventAsync("half-1")).GetProperty("o").GetInt64());

        await relay.Database.WaitUntilAsync(
            "SELECT bool_and(NOT delivered) FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message = 'half-1'", Soon, "undelivered");
        Assert.Equal(4012, await ada.ClosedAsync());
    }

    [Fact]
    public async Task A_hundred_thousand_frames_of_nonsense_end_nothing_and_leave_nothing_behind()
    {
        const int total = 100_000, perConnection = 400;
        await using var host = await RelayHost.StartAsync(relay.Database.RelayConnectionString, ("Relay:FramesPerSecond", "1000000"), ("Relay:FrameBurst", "1000000"));
        var table = host.Services.GetRequiredService<ConnectionTable>();
        await using var witness = await RelayClient.ConnectAsync(host.Address, "fuzz-witness");
        var frames = Nonsense().Array[perConnection];
        var memory = 0L;
        for (var sent = 0; sent < total; sent += perConnection)
        {
            using var raw = sent / perConnection % 2 == 0 ? await RawSocket.ConnectAsync(host.Address.Port, "fuzz") : await RawSocket.OpenAsync(host.Address.Port);
            var bytes = frames.Single().SelectMany(f => f).ToArray();
            try
            {
                await raw.SendAsync(bytes);
            }
            catch (SocketException)
            {
                // Closed in the middle: as it should be.
            }
            if (sent == total / 4 / perConnection * perConnection) memory = GC.GetTotalMemory(forceFullCollection: true);
        }

        await host.PublishAsync("fuzz-1", "fuzz-witness");
        await witness.EventAsync("fuzz-1");
        var clock = Stopwatch.StartNew();
        while (table.Count > 1 && clock.Elapsed < Soon) await Task.Yield();
        Assert.Equal(1, table.Count);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - memory, long.MinValue, 64_000_000);
    }

    /// <summary>Good frames, bad frames, and frames with a byte changed.</summary>
    private static Gen<byte[]> Nonsense()
    {
        string[] good =
        [
            """{"t":"pres","st":"online","conv":"c-1","tabs":1,"idle":0}""", """{"t":"ack","o":3}""", """{"t":"typing","conv":"c-1"}""", """{"t":"pong"}""",
            """{"t":"seen","cid":"x","conv":"c-1","seq":1}""", """{"t":"auth","tok":"x.y.z"}""", """{"t":"hello","v":1,"tok":"x.y.z","resume":{"ep":"e","o":1}}""", """{"t":"ping"}""",
        ];
        var text = Gen.Int[0, good.Length - 1].Select(i => RawSocket.Masked(0x81, Encoding.UTF8.GetBytes(good[i])));
        var changed = Gen.Select(text, Gen.Int[0, 1000], Gen.Byte, (frame, at, value) =>
        {
            // Behind the header mostly, so that it stays a frame for a while.
            frame[at % 20 == 0 ? at % frame.Length : 6 + at % (frame.Length - 6)] = value;
            return frame;
        });
        var json = Gen.String[Gen.Char.AlphaNumeric, 0, 200].Select(s => RawSocket.Masked(0x81, JsonSerializer.SerializeToUtf8Bytes(new { t = s, s, o = s.Length })));
        return Gen.Frequency((90, json), (8, text), (2, changed));
    }

    /// <summary>As a site does that was told to send it again.</summary>
    private static async Task<Api.Answer> AcceptedAsync(RelayHost host, string id, params string[] to)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var answer = await host.PublishAsync(id, to);
            if (answer.Status == 202 || clock.Elapsed > Soon) return answer;
        }
    }
}

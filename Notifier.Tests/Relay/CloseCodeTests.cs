using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Relay.Connections;
using Notifier.Tests.Devices;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>Every row of the table in docs/relay-protocol.md.</summary>
public sealed class CloseCodeTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private Task<RelayHost> HostAsync(params (string Name, string Value)[] settings) => RelayHost.StartAsync(relay.Database.RelayConnectionString, settings);

    [Fact]
    public async Task A_restart_says_bye_with_4001_to_everyone_and_tells_the_outcomes_it_knows()
    {
        await using var host = await HostAsync(("Relay:DrainOver", "00:00:00.5"));
        await using var ada = await RelayClient.ConnectAsync(host.Address, "ada");
        await using var bob = await RelayClient.ConnectAsync(host.Address, "bob");
        await host.PublishAsync("drain-1", "nobody");

        await host.StopAsync();

        Assert.Equal((4001, 4001), (await ada.ClosedAsync(), await bob.ClosedAsync()));
        var bye = await ada.WaitAsync("bye");
        Assert.Equal((4001, 0), (bye.GetProperty("code").GetInt32(), bye.GetProperty("retry").GetInt32()));
        Assert.Equal(1L, await relay.Database.ScalarAsync<long>("SELECT count(*) FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message = 'drain-1'"));
    }

    [Fact]
    public async Task A_relay_that_is_about_to_end_is_not_ready_and_refuses_who_would_come()
    {
        await using var host = await HostAsync();
        await using var ada = await RelayClient.ConnectAsync(host.Address, "ada"); // does not answer the close, so that the end waits for her
        await using var silent = await RelayClient.OpenAsync(host.Address);
        var stopping = host.StopAsync();
        await ada.ClosedAsync();

        var ready = await host.SendAsync(HttpMethod.Get, "/health/ready");
        Assert.Equal((503, """{"ready":false,"database":"ok","draining":true}"""), (ready.Status, ready.Body));
        var fault = await Assert.ThrowsAsync<WebSocketException>(() => RelayClient.OpenAsync(host.Address));
        Assert.Contains("503", fault.Message, StringComparison.Ordinal);
        foreach (var answer in (Api.Answer[])
            [await host.SendAsync(HttpMethod.Post, "/v1/poll", "{}", RelayClient.TokenFor("bob")), await host.SendAsync(HttpMethod.Get, "/v1/poll", token: RelayClient.TokenFor("bob"))])
        {
            answer.AssertProblem(503);
            Assert.Equal("1", answer.Header("Retry-After"));
        }
        Assert.Equal(4001, await silent.ClosedAsync());
        await stopping;
    }

    [Fact]
    public async Task Who_came_in_before_the_door_was_shut_and_says_hello_after_it_is_sent_on_with_4001()
    {
        await using var host = await HostAsync();
        await using var late = await RelayClient.OpenAsync(host.Address);
        host.Services.GetRequiredService<ConnectionTable>().IsDraining = true;
        await late.HelloAsync(RelayClient.TokenFor("ada"));
        Assert.Equal(4001, (await late.WaitAsync("bye")).GetProperty("code").GetInt32());
        Assert.Equal(4001, await late.ClosedAsync());
    }

    [Fact]
    public async Task An_expired_token_closes_with_4005()
    {
        await using var client = await RelayClient.OpenAsync(relay.Host.Address);
        await client.HelloAsync(RelayClient.TokenFor("ada", minutes: -1));
        Assert.Equal(4005, await client.ClosedAsync());
    }

    [Fact]
    public async Task A_token_that_ends_while_connected_closes_with_4005_unless_a_fresh_one_came()
    {
        await using var ends = await RelayClient.OpenAsync(relay.Host.Address);
        await using var renewed = await RelayClient.OpenAsync(relay.Host.Address);
        foreach (var client in (RelayClient[])[ends, renewed])
        {
            await client.HelloAsync(RelayClient.TokenFor("ada", minutes: -28.0 / 60)); // within the leeway, for two more seconds
            await client.WaitAsync("welcome");
        }
        await renewed.SendAsync(new { t = "auth", tok = RelayClient.TokenFor("ada") });

        Assert.Equal(4005, await ends.ClosedAsync());
        await renewed.SendAsync(new { t = "ping" });
        await renewed.WaitAsync("pong");
    }

    [Fact]
    public async Task Somebody_elses_token_cannot_take_over_a_connection()
    {
        await using var client = await RelayClient.ConnectAsync(relay.Host.Address, "ada");
        await client.SendAsync(new { t = "auth", tok = RelayClient.TokenFor("bob") });
        Assert.Equal(4500, await client.ClosedAsync());
    }

    [Fact]
    public async Task Who_never_reads_is_closed_with_4008_gets_no_hole_and_nobody_else_notices()
    {
        using var slow = await RawSocket.ConnectAsync(relay.Host.Address.Port, "slow", receiveBuffer: 4096);
        await using var other = await RelayClient.ConnectAsync(relay.Host.Address, "other");
        // Until there is more than the kernel's buffers on both sides and the queue take.
        var connections = relay.Host.Services.GetRequiredService<ConnectionTable>();
        var messages = 0;
        while (!connections.All.Any(c => c.ClosedWith == CloseCode.SlowConsumer) && messages < 1000)
            await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", RelayHost.Message($"slow-{++messages}", ["slow", "other"], text: new string('x', 40_000)));

        var frames = await slow.ReadAllAsync();
        await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", RelayHost.Message($"slow-{++messages}", ["slow", "other"]));
        await other.EventAsync($"slow-{messages}");

        Assert.Equal(4008, frames[^1].Code);
        var ids = frames.Where(f => f.Opcode == 1).Select(f => JsonElement.Parse(f.Text).GetProperty("id").GetString()).ToList();
        Assert.InRange(ids.Count, 1, messages - 1);
        Assert.Equal(Enumerable.Range(1, ids.Count).Select(i => $"slow-{i}"), ids);
        Assert.Equal(messages, other.Events.Length);
    }

    [Fact]
    public async Task A_ping_without_pong_closes_with_4012()
    {
        await using var host = await HostAsync(("Relay:PingAfter", "00:00:00.3"), ("Relay:PongTimeout", "00:00:00.3"));
        await using var client = await RelayClient.ConnectAsync(host.Address, "ada");
        await client.WaitAsync("ping");
        Assert.Equal(4012, await client.ClosedAsync());
    }

    [Fact]
    public async Task One_connection_too_many_for_the_node_is_closed_with_4100()
    {
        await using var host = await HostAsync(("Relay:MaxConnections", "1"));
        await using var first = await RelayClient.ConnectAsync(host.Address, "ada");
        await using var second = await RelayClient.OpenAsync(host.Address);
        await second.HelloAsync(RelayClient.TokenFor("bob"));
        Assert.Equal(4100, await second.ClosedAsync());
    }

    [Fact]
    public async Task A_flood_closes_with_4113()
    {
        await using var client = await RelayClient.ConnectAsync(relay.Host.Address, "ada");
        for (var i = 0; i < 60; i++) await client.SendAsync(new { t = "pong" });
        Assert.Equal(4113, await client.ClosedAsync());
    }

    public static TheoryData<string> BadTokens => new()
    {
        Jwt.Sign(RelayClient.Claims("ada"), "another-key-0123456789abcdef-0123456789"),
        Jwt.Sign(RelayClient.Claims("ada"), RelayHost.ConnectKey, alg: "none"),
        Jwt.Sign(RelayClient.Claims("ada"), RelayHost.ConnectKey, alg: "HS512"),
        Jwt.Rs256(RelayClient.Claims("ada")),
        Jwt.Sign(new(RelayClient.Claims("ada")) { ["aud"] = "other" }, RelayHost.ConnectKey),
        RelayClient.TokenFor("ada", minutes: 60),
        "nonsense",
    };

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_token_that_the_site_did_not_make_for_this_closes_with_4500(string token)
    {
        await using var client = await RelayClient.OpenAsync(relay.Host.Address);
        await client.HelloAsync(token);
        Assert.Equal(4500, await client.ClosedAsync());
        Assert.Equal(JsonValueKind.Null, (await client.WaitAsync("bye")).GetProperty("retry").ValueKind);
    }

    [Fact]
    public async Task A_token_of_another_site_gets_nothing_of_this_one()
    {
        await using var client = await RelayClient.OpenAsync(relay.Host.Address);
        await client.HelloAsync(RelayClient.TokenFor("eve", site: "other"));
        await client.WaitAsync("welcome");
        await using var own = await RelayClient.ConnectAsync(relay.Host.Address, "eve");
        await relay.Host.PublishAsync("foreign-1", "eve");
        await own.EventAsync("foreign-1");
        await client.SendAsync(new { t = "ping" });
        await client.WaitAsync("pong");
        Assert.Empty(client.Events);
    }

    [Fact]
    public async Task The_site_ends_a_persons_connections_with_4500()
    {
        await using var client = await RelayClient.ConnectAsync(relay.Host.Address, "leaver");
        Assert.Equal(204, (await relay.Host.SendAsync(HttpMethod.Post, "/v1/disconnect", """{"site":"acme","recipient":"leaver"}""")).Status);
        Assert.Equal(4500, await client.ClosedAsync());
    }

    public static TheoryData<string, byte[]> BadBytes => new()
    {
        { "binary", RawSocket.Masked(0x82, [1, 2, 3]) },
        { "unmasked", [0x81, 0x02, (byte)'{', (byte)'}'] },
        { "an extension nobody agreed on", RawSocket.Masked(0xC1, "{}"u8.ToArray()) },
        { "an opcode that is not defined", RawSocket.Masked(0x83, "{}"u8.ToArray()) },
        { "a continuation of nothing", RawSocket.Masked(0x80, "{}"u8.ToArray()) },
        { "a ping in parts", RawSocket.Masked(0x09, "x"u8.ToArray()) },
        { "a message over 4 KiB", RawSocket.Masked(0x81, Encoding.ASCII.GetBytes($$"""{"t":"pong","x":"{{new string('x', 4096)}}"}""")) },
        { "a message over 4 KiB in parts", [.. RawSocket.Masked(0x01, new byte[4000]), .. RawSocket.Masked(0x80, new byte[200])] },
        { "not JSON", RawSocket.Masked(0x81, "hello"u8.ToArray()) },
        { "an array", RawSocket.Masked(0x81, "[]"u8.ToArray()) },
        { "two objects", RawSocket.Masked(0x81, """{"t":"pong"}{"t":"pong"}"""u8.ToArray()) },
        { "no kind", RawSocket.Masked(0x81, """{"o":1}"""u8.ToArray()) },
        { "bytes that are not UTF-8", RawSocket.Masked(0x81, [.. "{\"t\":\"typing\",\"conv\":\""u8, 0xFF, 0xFE, .. "\"}"u8]) },
        { "depths", RawSocket.Masked(0x81, Encoding.ASCII.GetBytes($$"""{"t":"pong","x":{{new string('[', 100)}}{{new string(']', 100)}}}""")) },
    };

    [Theory]
    [MemberData(nameof(BadBytes))]
    public async Task What_is_no_frame_of_this_protocol_closes_with_4501(string what, byte[] bytes)
    {
        using var welcomed = await RawSocket.ConnectAsync(relay.Host.Address.Port, "ada");
        await welcomed.SendAsync(bytes);
        var frames = await welcomed.ReadAllAsync();
        Assert.True(frames[^1].Code == 4501, what);
    }

    [Theory]
    [InlineData("""{"t":"pres","st":"online"}""")]
    [InlineData("""{"t":"hello","v":2}""")]
    [InlineData("""{"t":"hello","v":1,"tok":7}""")]
    public async Task Anything_but_a_good_hello_at_first_closes_with_4501(string first)
    {
        await using var client = await RelayClient.OpenAsync(relay.Host.Address);
        await client.SendTextAsync(first);
        Assert.Equal(4501, await client.ClosedAsync());
    }

    [Fact]
    public async Task A_binary_message_closes_with_4501()
    {
        await using var client = await RelayClient.ConnectAsync(relay.Host.Address, "ada");
        await client.SendTextAsync("""{"t":"pong"}""", WebSocketMessageType.Binary);
        Assert.Equal(4501, await client.ClosedAsync());
    }

    [Theory]
    [InlineData("""{"t":"dance"}""", "unknown_frame")]
    [InlineData("""{"t":"ack"}""", "bad_frame")]
    [InlineData("""{"t":"ack","o":-1}""", "bad_frame")]
    [InlineData("""{"t":"seen","conv":"c-1","seq":"one","cid":"x"}""", "bad_frame")]
    [InlineData("""{"t":"pres","st":"asleep"}""", "bad_frame")]
    [InlineData("""{"t":"hello","v":1}""", "bad_frame")]
    public async Task A_frame_that_is_not_taken_is_told_and_the_connection_goes_on(string frame, string code)
    {
        await using var client = await RelayClient.ConnectAsync(relay.Host.Address, "ada");
        await client.SendTextAsync(frame);
        Assert.Equal(code, (await client.WaitAsync("err")).GetProperty("code").GetString());
        await client.SendAsync(new { t = "ping" });
        await client.WaitAsync("pong");
    }

    [Fact]
    public async Task No_hello_in_time_closes_with_4502()
    {
        await using var host = await HostAsync(("Relay:HelloTimeout", "00:00:00.3"));
        await using var client = await RelayClient.OpenAsync(host.Address);
        Assert.Equal(4502, await client.ClosedAsync());
    }

    [Fact]
    public async Task One_connection_too_many_of_a_person_is_closed_with_4504()
    {
        await using var host = await HostAsync(("Relay:ConnectionsPerPerson", "2"));
        await using var first = await RelayClient.ConnectAsync(host.Address, "ada");
        await using var second = await RelayClient.ConnectAsync(host.Address, "ada");
        await using var other = await RelayClient.ConnectAsync(host.Address, "bob");
        await using var third = await RelayClient.OpenAsync(host.Address);
        await third.HelloAsync(RelayClient.TokenFor("ada"));
        Assert.Equal(4504, await third.ClosedAsync());
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("null")]
    [InlineData("https://acme.example.evil.example")]
    public async Task A_wrong_origin_is_refused_before_the_upgrade(string origin)
    {
        var fault = await Assert.ThrowsAsync<WebSocketException>(() => RelayClient.OpenAsync(relay.Host.Address, origin));
        Assert.Contains("403", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_connects_too_fast_hears_429()
    {
        await using var host = await HostAsync(("Relay:ConnectsPerSecond", "3"));
        var faults = new List<string>();
        for (var i = 0; i < 20; i++)
        {
            try
            {
                await using var client = await RelayClient.OpenAsync(host.Address);
            }
            catch (WebSocketException e)
            {
                faults.Add(e.Message);
            }
        }
        Assert.NotEmpty(faults);
        Assert.All(faults, f => Assert.Contains("429", f, StringComparison.Ordinal));
    }
}

using System.Text.Json;

namespace Notifier.Tests.Relay;

public sealed class PollTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private async Task<JsonElement> PollAsync(string who, string? connection, params object[] frames)
    {
        var answer = await relay.Host.SendAsync(HttpMethod.Post, "/v1/poll", JsonSerializer.Serialize(new { conn = connection, frames }), RelayClient.TokenFor(who));
        Assert.Equal(200, answer.Status);
        return JsonElement.Parse(answer.Body);
    }

    [Fact]
    public async Task The_same_frames_pass_over_HTTP()
    {
        var hello = await PollAsync("poll-ada", null, new { t = "hello", v = 1, st = "online" });
        var connection = hello.GetProperty("conn").GetString();
        Assert.Equal("welcome", RelayClient.Kind(hello.GetProperty("frames")[0]));

        var waiting = PollAsync("poll-ada", connection);
        await relay.Host.PublishAsync("poll-1", "poll-ada");
        var message = (await waiting).GetProperty("frames")[0];
        Assert.Equal("poll-1", message.GetProperty("id").GetString());
        await PollAsync("poll-ada", connection, new { t = "ack", o = message.GetProperty("o").GetInt64() }, new { t = "ping" });

        await relay.Database.WaitUntilAsync("SELECT bool_and(delivered) FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message = 'poll-1'", Soon, "delivered");
    }

    [Fact]
    public async Task Only_its_owner_can_use_a_connection()
    {
        var connection = (await PollAsync("poll-own", null, new { t = "hello", v = 1 })).GetProperty("conn").GetString();
        var body = JsonSerializer.Serialize(new { conn = connection, frames = Array.Empty<object>() });
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/poll", body, RelayClient.TokenFor("eve"))).AssertProblem(404);
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/poll", """{"conn":"unknown"}""", RelayClient.TokenFor("eve"))).AssertProblem(404);
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/poll", "{}", RelayHost.Key)).AssertProblem(401);
    }

    [Fact]
    public async Task A_bad_frame_ends_the_connection_with_a_bye()
    {
        var bye = (await PollAsync("poll-bad", null, new { t = "ack", o = 1 })).GetProperty("frames")[0];
        Assert.Equal(("bye", 4501), (RelayClient.Kind(bye), bye.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Events_after_a_position_and_asking_for_more_is_an_acknowledgement()
    {
        async Task<JsonElement> GetAsync(string after) => JsonElement.Parse((await relay.Host.SendAsync(HttpMethod.Get, $"/v1/poll?after={after}", token: RelayClient.TokenFor("poll-get"))).Body);
        var first = await GetAsync("");
        Assert.Equal("none", first.GetProperty("rec").GetString());
        var position = $"{first.GetProperty("ep").GetString()}:{first.GetProperty("o").GetInt64()}";

        var waiting = GetAsync(position);
        await relay.Host.PublishAsync("get-1", "poll-get");
        var next = await waiting;
        Assert.Equal(["get-1"], next.GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("id").GetString()));
        waiting = GetAsync($"{next.GetProperty("ep").GetString()}:{next.GetProperty("o").GetInt64()}");
        await relay.Database.WaitUntilAsync("SELECT bool_and(delivered) FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message = 'get-1'", Soon, "delivered");
        await relay.Host.PublishAsync("get-2", "poll-get");
        Assert.Equal(["get-2"], (await waiting).GetProperty("frames").EnumerateArray().Select(f => f.GetProperty("id").GetString()));
        Assert.Equal("gap", (await GetAsync("another:1")).GetProperty("rec").GetString());
    }
}

using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Relay.Connections;
using Notifier.Tests.Devices;

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

    [Theory]
    [InlineData("POST")]
    [InlineData("GET")]
    public async Task Who_polls_with_a_token_that_is_not_taken_is_told_by_a_close_code_whether_another_one_will_do(string method)
    {
        async Task<int> CodeAsync(string token)
        {
            var answer = await relay.Host.SendAsync(new HttpMethod(method), "/v1/poll", method == "POST" ? "{}" : null, token);
            answer.AssertProblem(401);
            return JsonElement.Parse(answer.Body).GetProperty("code").GetInt32();
        }
        Assert.Equal(4005, await CodeAsync(RelayClient.TokenFor("poll-late", minutes: -1)));
        Assert.Equal(4500, await CodeAsync(RelayClient.TokenFor("poll-late", minutes: 60)));
        Assert.Equal(4500, await CodeAsync(Jwt.Sign(RelayClient.Claims("poll-late"), "another-key-0123456789abcdef-0123456789ab")));
    }

    [Fact]
    public async Task A_bad_frame_ends_the_connection_with_a_bye()
    {
        var bye = (await PollAsync("poll-bad", null, new { t = "ack", o = 1 })).GetProperty("frames")[0];
        Assert.Equal(("bye", 4501), (RelayClient.Kind(bye), bye.GetProperty("code").GetInt32()));
    }

    [Fact]
    public async Task Two_polls_for_the_events_of_one_person_wait_beside_each_other_and_both_hear_what_comes()
    {
        Task<Api.Answer> GetAsync(string after) => relay.Host.SendAsync(HttpMethod.Get, $"/v1/poll?after={after}", token: RelayClient.TokenFor("poll-two"));
        var first = JsonElement.Parse((await GetAsync("")).Body);
        var position = $"{first.GetProperty("ep").GetString()}:{first.GetProperty("o").GetInt64()}";
        Task<Api.Answer>[] both = [GetAsync(position), GetAsync(position)];
        var connection = relay.Host.Services.GetRequiredService<ConnectionTable>().All.OfType<PollConnection>().Single(c => c.Token?.Owner.Recipient == "poll-two");
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var tries = 0; connection.Asking < 2; tries++)
        {
            Assert.True(tries < 1000 && !both.Any(poll => poll.IsCompleted), "one has ended the waiting of the other");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        await relay.Host.PublishAsync("two-1", "poll-two");
        foreach (var poll in both) Assert.Contains("\"two-1\"", (await poll).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_polls_round_and_round_is_held_back()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 80).Select(_ => relay.Host.SendAsync(HttpMethod.Get, "/v1/poll", token: RelayClient.TokenFor("poll-flood"))));
        Assert.All(answers, answer => Assert.Contains(answer.Status, (int[])[200, 429]));
        Assert.Equal("1", answers.First(answer => answer.Status == 429).Header("Retry-After"));

        var connection = (await PollAsync("poll-flood", null, new { t = "hello", v = 1 })).GetProperty("conn").GetString();
        var body = JsonSerializer.Serialize(new { conn = connection, frames = Array.Empty<object>() });
        answers = await Task.WhenAll(Enumerable.Range(0, 80).Select(_ => relay.Host.SendAsync(HttpMethod.Post, "/v1/poll", body, RelayClient.TokenFor("poll-flood"))));
        Assert.Contains(answers, answer => answer.Body.Contains("4113", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_poll_without_news_is_answered_with_a_ping_and_who_asks_no_more_is_gone()
    {
        await using var host = await RelayHost.StartAsync(relay.Database.RelayConnectionString, ("Relay:PollWait", "00:00:00.3"), ("Relay:PollGone", "00:00:00.5"));
        async Task<Api.Answer> AskAsync(string? connection, params object[] frames) =>
            await host.SendAsync(HttpMethod.Post, "/v1/poll", JsonSerializer.Serialize(new { conn = connection, frames }), RelayClient.TokenFor("poll-idle"));
        var connection = JsonElement.Parse((await AskAsync(null, new { t = "hello", v = 1 })).Body).GetProperty("conn").GetString();
        var answer = JsonElement.Parse((await AskAsync(connection)).Body);
        Assert.Equal("ping", RelayClient.Kind(Assert.Single(answer.GetProperty("frames").EnumerateArray())));

        var table = host.Services.GetRequiredService<ConnectionTable>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var tries = 0; table.Count > 0; tries++)
        {
            Assert.True(tries < 500, "who does not ask is still there");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        (await AskAsync(connection)).AssertProblem(404);
    }

    [Theory]
    [InlineData("https://evil.example", null)]
    [InlineData(RelayHost.Origin, RelayHost.Origin)]
    public async Task A_page_of_another_origin_may_not_poll(string origin, string? allowed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Options, "/v1/poll");
        foreach (var (name, value) in new[] { ("Origin", origin), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "authorization,content-type") })
            request.Headers.Add(name, value);
        using var answer = await relay.Host.Http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(allowed, answer.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? Assert.Single(values) : null);
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

using System.Text.Json;
using System.Text.Json.Nodes;

namespace Notifier.Tests.Relay;

public sealed class PublishTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    [Fact]
    public async Task The_same_message_again_is_the_same_message()
    {
        await using var ada = await RelayClient.ConnectAsync(relay.Host.Address, "dup-ada");
        var both = await Task.WhenAll(relay.Host.PublishAsync("dup-1", "dup-ada"), relay.Host.PublishAsync("dup-1", "dup-ada"));
        var again = await relay.Host.PublishAsync("dup-1", "dup-ada");
        await relay.Host.PublishAsync("dup-2", "dup-ada");
        await ada.EventAsync("dup-2");

        Assert.Equal(["""{"accepted":0,"duplicates":1}""", """{"accepted":1,"duplicates":0}"""], both.Select(a => a.Body).Order());
        Assert.Equal("""{"accepted":0,"duplicates":1}""", again.Body);
        Assert.Equal(["dup-1", "dup-2"], ada.Events.Select(e => e.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task An_array_is_published_in_order()
    {
        await using var ada = await RelayClient.ConnectAsync(relay.Host.Address, "batch-ada");
        var body = $"[{string.Join(',', Enumerable.Range(1, 50).Select(i => RelayHost.Message($"batch-{i}", ["batch-ada", "other"])))}]";
        Assert.Equal("""{"accepted":50,"duplicates":0}""", (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", body)).Body);
        await ada.EventAsync("batch-50");
        Assert.Equal(Enumerable.Range(1, 50).Select(i => $"batch-{i}"), ada.Events.Select(e => e.GetProperty("id").GetString()));
    }

    [Theory]
    [InlineData("to", null, "$.to")]
    [InlineData("to", "[]", "$.to")]
    [InlineData("to", "[\"a\", 7]", "$.to[1]")]
    [InlineData("to", "[\"a\\u0000\"]", "$.to[0]")]
    [InlineData("id", null, "$.id")]
    [InlineData("site", "\"\"", "$.site")]
    [InlineData("kind", "\"shout\"", "$.kind")]
    [InlineData("seq", "-1", "$.seq")]
    [InlineData("sender", "{}", "$.sender.id")]
    [InlineData("sentAt", "\"yesterday\"", "$.sentAt")]
    [InlineData("url", "\"javascript:alert(1)\"", "$.url")]
    [InlineData("text", null, "$.text")]
    [InlineData("text", "\"\\ud800\"", "$.text")]
    [InlineData("sealed", "\"no JWE\"", "$.text")]
    public async Task A_bad_member_is_named(string member, string? value, string path)
    {
        var message = JsonNode.Parse(RelayHost.Message("bad-1", ["a"]))!.AsObject();
        if (value is null) message.Remove(member);
        else message[member] = "VALUE";
        var json = message.ToJsonString().Replace("\"VALUE\"", value, StringComparison.Ordinal);
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", json)).AssertProblem(400, path);
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", $"[{RelayHost.Message("good-1", ["a"])},{json}]")).AssertProblem(400, path.Replace("$", "$[1]", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_sealed_message_must_be_a_JWE_and_goes_through_as_it_is()
    {
        await using var ada = await RelayClient.ConnectAsync(relay.Host.Address, "sealed-ada");
        var message = JsonNode.Parse(RelayHost.Message("sealed-1", ["sealed-ada"]))!.AsObject();
        message.Remove("text");
        message["sealed"] = "not a JWE";
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", message.ToJsonString())).AssertProblem(400, "$.sealed");
        message["sealed"] = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ";
        Assert.Equal(202, (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", message.ToJsonString())).Status);
        Assert.Equal((string?)message["sealed"], (await ada.EventAsync("sealed-1")).GetProperty("d").GetProperty("sealed").GetString());
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        var many = RelayHost.Message("many", [.. Enumerable.Range(0, 10_001).Select(i => $"u-{i}")]);
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", many)).AssertProblem(400, "$.to");
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", RelayHost.Message("long", ["a"], text: new string('ü', 40_000)))).AssertProblem(400, "$.text");
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", $"[{string.Join(',', Enumerable.Repeat("{}", 1001))}]")).AssertProblem(400, "$");
        using var tooLarge = new HttpRequestMessage(HttpMethod.Post, "/v1/publish") { Content = new StringContent(new string(' ', 5_000_000)), Headers = { ExpectContinue = true } };
        using var refused = await relay.Host.Http.SendAsync(tooLarge, TestContext.Current.CancellationToken);
        Assert.Equal(413, (int)refused.StatusCode);
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", "{")).AssertProblem(400, "$");
    }

    [Fact]
    public async Task More_than_may_wait_for_the_database_hears_429_and_what_fits_goes_on()
    {
        await using var small = await RelayHost.StartAsync(relay.Database.RelayConnectionString, ("Relay:MaxWaiting", "1"));
        var answer = await small.SendAsync(HttpMethod.Post, "/v1/publish", $"[{RelayHost.Message("full-1", ["a"])},{RelayHost.Message("full-2", ["a"])}]");
        answer.AssertProblem(429);
        Assert.Equal("1", answer.Header("Retry-After"));
        Assert.Equal(202, (await small.PublishAsync("full-3", "a")).Status);
        Assert.Equal(["full-3"], await relay.Database.ListAsync<string>("SELECT message FROM relay.accepted WHERE message LIKE 'full-%'"));
    }

    [Theory]
    [InlineData("/v1/publish")]
    [InlineData("/v1/typing")]
    [InlineData("/v1/disconnect")]
    public async Task Only_the_sites_server_may(string path)
    {
        Assert.Equal(401, (await relay.Host.SendAsync(HttpMethod.Post, path, "{}", token: "another-key-0123456789")).Status);
        Assert.Equal(401, (await relay.Host.SendAsync(HttpMethod.Post, path, "{}", token: RelayClient.TokenFor("ada"))).Status);
    }

    [Fact]
    public async Task Typing_elsewhere_reaches_who_is_named()
    {
        await using var ada = await RelayClient.ConnectAsync(relay.Host.Address, "typed-ada");
        Assert.Equal(204, (await relay.Host.SendAsync(HttpMethod.Post, "/v1/typing", """{"site":"acme","conversation":"c-1","from":"bob","to":["typed-ada"]}""")).Status);
        Assert.Equal("bob", (await ada.WaitAsync("typing")).GetProperty("who").GetString());
        (await relay.Host.SendAsync(HttpMethod.Post, "/v1/typing", """{"site":"acme"}""")).AssertProblem(400, "$.conversation");
    }

    [Fact]
    public async Task Ten_thousand_recipients_have_ten_thousand_outcomes()
    {
        await relay.Host.PublishAsync("crowd", [.. Enumerable.Range(0, 10_000).Select(i => $"u-{i}")]);
        await relay.Database.WaitUntilAsync(
            "SELECT count(*) = 10000 FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message = 'crowd'", TimeSpan.FromSeconds(20), "all outcomes");
    }
}

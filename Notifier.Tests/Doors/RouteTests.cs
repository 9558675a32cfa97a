using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Notifier.Tests.Intake;
using Notifier.Tests.Operations;
using Notifier.Tests.Relay;

namespace Notifier.Tests.Doors;

/// <summary>Walks every route of worker and relay, those of later too: whoever adds one has to say here what it is.</summary>
[Collection(OneHostAtATime.Name)]
public sealed class RouteTests(Programs programs) : IClassFixture<Programs>
{
    private const int MostBytes = 4 * 1024 * 1024;

    /// <summary>Routes that bound by themselves what comes with a good key: what comes without one counts there as everywhere.</summary>
    private static readonly string[] OwnRate = ["/v1/events", "/v1/publish"];

    /// <summary>Routes of connections, whose rate is the one of <c>ConnectRate</c>, and then of frames.</summary>
    private static readonly string[] ConnectionRate = ["/v1/ws", "/v1/poll"];

    /// <summary>Routes that ask nobody who they are: nothing of anybody's is there. A link's token and a socket's hello say it later.</summary>
    private static readonly string[] Public = ["/health/live", "/health/ready", "/metrics", "/unsubscribe/{token}", "/unsubscribe/{token}/settings", "/v1/ws"];

    /// <summary>Routes that name the site in their body.</summary>
    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["/v1/events"] = """{ "specversion": "1.0", "id": "SITE-1", "source": "/sites/SITE/relay", "type": "conversation.seen", "data": { "site": "SITE", "recipient": "u", "conversation": "c", "seq": 1 } }""",
        ["/v1/publish"] = RelayHost.Message("SITE-1", ["u"]).Replace("\"acme\"", "\"SITE\"", StringComparison.Ordinal),
        ["/v1/typing"] = """{ "site": "SITE", "conversation": "c", "from": "a", "to": ["u"] }""",
        ["/v1/poll"] = """{ "frames": [{ "t": "hello", "v": 1, "dev": "d", "st": "idle" }] }""",
        ["/v1/disconnect"] = """{ "site": "SITE", "recipient": "u" }""",
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("worker")]
    [InlineData("relay")]
    public void Every_route_has_a_bound_for_its_body_and_a_rate(string program)
    {
        var services = programs.Of(program).Services;
        Assert.NotNull(services.GetRequiredService<IOptions<RateLimiterOptions>>().Value.GlobalLimiter);
        var usual = services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.MaxRequestBodySize;
        Assert.Equal(64 * 1024, usual);

        Assert.True(programs.Of(program).Routes.Count >= 7);
        foreach (var route in programs.Of(program).Routes)
        {
            var own = route.Metadata.GetMetadata<IRequestSizeLimitMetadata>();
            Assert.True((own is null ? usual : own.MaxRequestBodySize) is <= MostBytes, $"{route.DisplayName} takes bodies without a bound");
            Assert.Equal(OwnRate.Contains(Path(route)), route.Metadata.GetMetadata<RateOfItsOwn>() is not null);
            Assert.Equal(ConnectionRate.Contains(Path(route)), route.Metadata.GetMetadata<DisableRateLimitingAttribute>() is not null);
        }
    }

    [Theory]
    [InlineData("worker", "/v1/events")]
    [InlineData("relay", "/v1/publish")]
    public async Task Who_guesses_at_keys_is_slowed_down_where_good_keys_are_not(string program, string path)
    {
        await using var host = await programs.StartAsync(program, ("Limits:PerAddress", "1"), ("Limits:PerKey", "1"));
        async Task<HttpStatusCode> AskAsync(string token)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("[]", Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var answer = await host.Client.SendAsync(request, Cancellation);
            return answer.StatusCode;
        }

        // A second may pass meanwhile: twice the allowance, and then it is over.
        while (await AskAsync("a-guess-0123456789abcdef") is not HttpStatusCode.TooManyRequests and var refused) Assert.Equal(HttpStatusCode.Unauthorized, refused);
        for (var i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.Accepted, await AskAsync(Programs.AnyKey));
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("relay")]
    public async Task A_body_that_is_too_large_or_too_deep_is_refused_with_a_word(string program)
    {
        var deep = new string('[', 20_000);
        var read = 0;
        foreach (var (route, method) in Calls(program).Where(c => c.Method is "POST" or "PUT" || (c.Method == "DELETE" && Path(c.Route).EndsWith("/subscriptions", StringComparison.Ordinal))))
        {
            if (Path(route).StartsWith("/unsubscribe", StringComparison.Ordinal) || Path(route).StartsWith("/hangfire", StringComparison.Ordinal)) continue; // forms, behind a token or a password
            if (Path(route) == "/metrics") continue; // takes any method, and reads no body
            read++;
            var most = route.Metadata.GetMetadata<IRequestSizeLimitMetadata>()?.MaxRequestBodySize ?? 64 * 1024;
            var token = Path(route) == "/v1/poll" ? RelayClient.TokenFor("u") : Programs.AnyKey;
            Assert.Equal((413, route.DisplayName), (await SendAsync(program, route, method, token, new string(' ', (int)most + 1)), route.DisplayName));
            Assert.Equal((400, route.DisplayName), (await SendAsync(program, route, method, token, deep), route.DisplayName));
        }
        Assert.True(read >= 4, $"only {read} routes read a body");
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("relay")]
    public async Task What_is_no_text_is_the_caller_s_mistake_on_every_route(string program)
    {
        List<string> ours = [];
        var walked = 0;
        foreach (var (route, method) in Calls(program).Where(c => c.Method is "POST" or "PUT" or "DELETE"))
            foreach (var token in Path(route) == "/v1/poll" ? [RelayClient.TokenFor("u")] : (string[])[Programs.AnyKey, Programs.AcmeKey])
                foreach (var body in NoText.In(Bodies.GetValueOrDefault(Path(route))?.Replace("SITE", "acme", StringComparison.Ordinal) ?? """{ "endpoint": "https://fcm.googleapis.com/x", "keys": { "p256dh": "x", "auth": "x" }, "preferences": { "conversations": {} } }"""))
                {
                    walked++;
                    using var request = Request(route, method, token, null, "acme");
                    request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                    using var answer = await programs.Of(program).Client.SendAsync(request, Cancellation);
                    if ((int)answer.StatusCode >= 500) ours.Add($"{method} {route.DisplayName}: {(int)answer.StatusCode} to {Encoding.Latin1.GetString(body)}");
                }
        Assert.True(walked > 100);
        Assert.Empty(ours);
    }

    [Theory]
    [InlineData("""{"\ud800":1,"alg":"HS256"}""")]
    [InlineData("""{"cri\ud800":1,"alg":"HS256"}""")]
    [InlineData("""{"al\ud800":1,"alg":"HS256"}""")]
    [InlineData("""{"alg":"HS256","cri\ud800":1}""")]
    public async Task A_token_whose_header_is_no_text_is_refused_and_nothing_else(string header)
    {
        var token = RelayClient.TokenFor("u", header: header);
        foreach (var (program, path) in new[] { ("worker", "/v1/sites/acme/vapid-public-key"), ("relay", "/v1/poll") })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            using var answer = await programs.Of(program).Client.SendAsync(request, Cancellation);
            Assert.Equal((program, HttpStatusCode.Unauthorized), (program, answer.StatusCode));
        }
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("relay")]
    public async Task Without_a_key_every_route_is_closed_save_those_that_hold_nothing(string program)
    {
        foreach (var (route, method) in Calls(program))
        {
            if (Public.Contains(Path(route)) || method == "OPTIONS") continue;
            foreach (var token in (string?[])[null, "no-such-key-0123456789abcdef"])
            {
                var status = await SendAsync(program, route, method, token, Body(route, "acme"));
                Assert.True(status is 401 or 403, $"{method} {route.DisplayName} answers {status} to {token ?? "nobody"}");
            }
        }
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("relay")]
    public async Task Another_site_s_key_opens_no_route_and_the_site_s_own_keys_all_of_them(string program)
    {
        var walked = 0;
        foreach (var (route, method) in Calls(program).Where(c => IsForKeys(c.Route)))
        {
            walked++;
            Assert.True(route.RoutePattern.GetParameter("site") is not null || Bodies.ContainsKey(Path(route)), $"{route.DisplayName}: say here where it names its site");
            foreach (var (key, opens) in new[] { (Programs.OtherKey, false), (Programs.AcmeKey, true), (Programs.AcmeKeyBefore, true), (Programs.AnyKey, true) })
            {
                var status = await SendAsync(program, route, method, key, Body(route, "acme"));
                Assert.True(status == 403 != opens && status is not (401 or >= 500), $"{method} {route.DisplayName} answers {status} to {key}");
            }
            var its = await SendAsync(program, route, method, Programs.OtherKey, Body(route, "other"), site: "other");
            Assert.True(its is not (401 or 403 or >= 500), $"{method} {route.DisplayName} answers {its} to the key of its own site");
        }
        Assert.True(walked >= 3, $"only {walked} routes take keys");
    }

    [Fact]
    public async Task A_connect_token_of_another_site_or_person_opens_nothing()
    {
        foreach (var (route, method) in Calls("worker").Where(c => c.Route.RoutePattern.GetParameter("site") is not null && c.Method != "OPTIONS"))
        {
            foreach (var token in (string[])[RelayClient.TokenFor("u", "other"), .. route.RoutePattern.GetParameter("id") is null ? Array.Empty<string>() : [RelayClient.TokenFor("v")]])
            {
                var status = await SendAsync("worker", route, method, token, Body(route, "acme"));
                Assert.True(status is 401 or 403, $"{method} {route.DisplayName} answers {status} to a token of somebody else");
            }
        }
    }

    [Theory]
    [InlineData("""[GOOD, { "specversion": "1.0", "id": "2", "source": "/sites/acme/r", "type": "conversation.seen", "data": { "site": "other", "recipient": "u", "conversation": "c", "seq": 1 } }]""", "$[1].data.site")]
    [InlineData("""{ "specversion": "1.0", "id": "2", "source": "/sites/other/r", "type": "conversation.seen", "data": { "site": "acme", "recipient": "u", "conversation": "c", "seq": 1 } }""", "$.source")]
    [InlineData("""{ "specversion": "1.0", "id": "2", "source": "r", "type": "later.type", "data": { "site": "acme" } }""", "$.source")]
    [InlineData("""{ "specversion": "1.0", "id": "2", "source": "/sites/acme/r", "type": "later.type" }""", "$.data.site")]
    public async Task A_site_s_key_sends_no_event_of_another_site_and_none_under_its_source(string json, string member)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = new StringContent(json.Replace("GOOD", Bodies["/v1/events"].Replace("SITE", "acme", StringComparison.Ordinal), StringComparison.Ordinal), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Programs.AcmeKey);
        using var answer = await programs.Worker.Client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Contains($"\"member\":\"{member}\"", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("worker")]
    [InlineData("relay")]
    public async Task Every_answer_says_that_it_is_not_to_be_framed_run_or_guessed_at(string program)
    {
        foreach (var (route, method) in Calls(program).Where(c => c.Method is "GET" or "POST"))
        {
            using var request = Request(route, method, null, Body(route, "acme"), "acme");
            using var answer = await programs.Of(program).Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
            Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("script-src", policy, StringComparison.Ordinal); // so that default-src holds for scripts
            Assert.Matches("default-src '(none|self)'", policy);
            Assert.False(answer.Headers.Contains("Server"));
        }
    }

    private IEnumerable<(RouteEndpoint Route, string Method)> Calls(string program) =>
        from route in programs.Of(program).Routes
        from method in route.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods is { Count: > 0 } methods ? methods : ["GET", "POST"]
        select (route, method);

    private static bool IsForKeys(RouteEndpoint route) => route.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(a => a.Policy is ApiKeys.Policy or "Devices");

    private static string Path(RouteEndpoint route) => $"/{route.RoutePattern.RawText!.Trim('/')}";

    private static string? Body(RouteEndpoint route, string site) => Bodies.GetValueOrDefault(Path(route))?.Replace("SITE", site, StringComparison.Ordinal) ?? "{}";

    private async Task<int> SendAsync(string program, RouteEndpoint route, string method, string? token, string? body, string site = "acme")
    {
        using var request = Request(route, method, token, body, site);
        using var answer = await programs.Of(program).Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation);
        return (int)answer.StatusCode;
    }

    private static HttpRequestMessage Request(RouteEndpoint route, string method, string? token, string? body, string site)
    {
        var path = Path(route).Replace("{site}", site, StringComparison.Ordinal).Replace("{id}", "u", StringComparison.Ordinal).Replace("{message}", "m", StringComparison.Ordinal)
            .Replace("{token}", "t", StringComparison.Ordinal).Replace("{**path}", "", StringComparison.Ordinal).Replace("{*path}", "", StringComparison.Ordinal);
        Assert.DoesNotContain('{', path);
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null && method is not ("GET" or "HEAD")) request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.ExpectContinue = body?.Length > 64 * 1024; // a refusal comes before the body then, and not while it is written
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }
}

using System.Buffers.Text;
using System.Text;
using Notifier.Domain;
using Notifier.Domain.WebPush;
using Notifier.Tests.Api;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Devices;

public sealed class SubscriptionRoutesTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private ApiHost Host => api.Host.As(ApiHost.Key);

    private Task<List<string>> EndpointsAsync(string recipient, string site = "acme") => api.Database.ListAsync<string>(
        "SELECT endpoint FROM notifier.push_subscription WHERE site = $1 AND recipient = $2 ORDER BY id", site, recipient);

    private Task<int> WaitsAsync(string recipient, string endpoint) => api.Database.ExecuteAsync(
        """
        INSERT INTO notifier.push_outbox (site, recipient, conversation, subscription, origin, up_to, message, expires_at)
        SELECT site, recipient, 'c-9', id, origin, 1, 'm-1', now() FROM notifier.push_subscription WHERE recipient = $1 AND endpoint = $2
        """, recipient, endpoint);

    private Task<long> WaitingAsync(string recipient) => api.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.push_outbox WHERE recipient = $1", recipient);

    private async Task<string[]> ChangedAsync(params string[] recipients)
    {
        var bodies = await api.Database.ListAsync<string>("SELECT body FROM notifier.inbox WHERE source IS NULL ORDER BY id");
        return [.. bodies.Select(b => OwnEvents.Read(Encoding.UTF8.GetBytes(b))).OfType<RelayEvent.RecipientChanged>().Select(e => e.Recipient).Where(recipients.Contains)];
    }

    [Fact]
    public async Task A_browsers_subscription_is_kept_with_its_keys_and_origin()
    {
        var answer = await Host.RegisterAsync("keeps", Subscriptions.Endpoint("keeps"));

        Assert.Equal((204, ""), (answer.Status, answer.Body));
        Assert.Equal(
            $"{Subscriptions.Endpoint("keeps")} https://fcm.googleapis.com 65 16",
            await api.Database.ScalarAsync<string>("SELECT concat_ws(' ', endpoint, origin, length(p256dh), length(auth)) FROM notifier.push_subscription WHERE recipient = 'keeps'"));
        Assert.Equal(["keeps"], await ChangedAsync("keeps"));
    }

    public static TheoryData<string, string> Bad
    {
        get
        {
            var endpoint = Subscriptions.Endpoint("bad");
            var offCurve = Base64Url.DecodeFromChars(Subscriptions.P256dh);
            offCurve[64] ^= 1;
            var compressed = Base64Url.EncodeToString([2, .. offCurve[1..33]]);
            return new()
            {
                { "{}", "$.endpoint" },
                { Subscriptions.Json(null), "$.endpoint" },
                { Subscriptions.Json("not a URL"), "$.endpoint" },
                { Subscriptions.Json("http://fcm.googleapis.com/x"), "$.endpoint" },
                { Subscriptions.Json("https://fcm.googleapis.com.evil.example/x"), "$.endpoint" },
                { Subscriptions.Json("https://127.0.0.1/x"), "$.endpoint" },
                { Subscriptions.Json("http://127.0.0.1:9/x"), "$.endpoint" },
                { Subscriptions.Json("https://fcm.googleapis.com:8443/x"), "$.endpoint" },
                { Subscriptions.Json($"{endpoint}{new string('x', 2048)}"), "$.endpoint" },
                { Subscriptions.Json("http://fcm.googleapis.com/x", "bad", "bad"), "$.endpoint" },
                { $$"""{ "endpoint": "{{endpoint}}" }""", "$.keys" },
                { $$"""{ "endpoint": "{{endpoint}}", "keys": { "auth": "{{Subscriptions.Auth}}" } }""", "$.keys.p256dh" },
                { $$"""{ "endpoint": "{{endpoint}}", "keys": { "p256dh": "{{Subscriptions.P256dh}}" } }""", "$.keys.auth" },
                { Subscriptions.Json(endpoint, p256dh: "*"), "$.keys.p256dh" },
                { Subscriptions.Json(endpoint, p256dh: compressed), "$.keys.p256dh" },
                { Subscriptions.Json(endpoint, p256dh: Base64Url.EncodeToString(offCurve)), "$.keys.p256dh" },
                { Subscriptions.Json(endpoint, auth: Base64Url.EncodeToString(new byte[15])), "$.keys.auth" },
                { Subscriptions.Json(endpoint, auth: Base64Url.EncodeToString(new byte[17])), "$.keys.auth" },
                { """{ "endpoint": 1 }""", "$.endpoint" },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_subscription_that_could_never_be_pushed_to_is_refused_with_the_member_and_the_reason(string body, string member)
    {
        var detail = (await Host.SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/bad/subscriptions", body)).AssertProblem(422, member);

        Assert.True(detail.Length > member.Length + 5, detail);
        Assert.Empty(await EndpointsAsync("bad"));
    }

    [Fact]
    public async Task Loopback_is_taken_where_development_allows_it()
    {
        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Development", ("WebPush:AllowLoopback", "true"));

        Assert.Equal(204, (await host.RegisterAsync("loopback", "http://127.0.0.1:9/push/1")).Status);
    }

    [Fact]
    public async Task Registered_again_it_is_registered_anew_and_nothing_is_decided_again()
    {
        await Host.RegisterAsync("anew", Subscriptions.Endpoint("anew"));
        await api.Database.ExecuteAsync("UPDATE notifier.push_subscription SET registered_at = '2026-01-01', last_used_at = '2026-01-01', errors = 7 WHERE recipient = 'anew'");
        var key = Subscriptions.NewKey();

        await Host.SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/anew/subscriptions", Subscriptions.Json(Subscriptions.Endpoint("anew"), key));

        Assert.Equal("1 t t 0", await api.Database.ScalarAsync<string>(
            "SELECT concat_ws(' ', count(*), bool_and(registered_at > '2026-01-02'), bool_and(last_used_at > '2026-01-02'), sum(errors)) FROM notifier.push_subscription WHERE recipient = 'anew' AND p256dh = $1",
            Base64Url.DecodeFromChars(key)));
        Assert.Equal(["anew"], await ChangedAsync("anew"));
    }

    [Fact]
    public async Task An_answer_gone_to_the_old_registration_leaves_the_new_one()
    {
        await Host.RegisterAsync("raced", Subscriptions.Endpoint("raced"));
        await using var connection = await api.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        async Task<PushTarget> TargetAsync() => new(
            await api.Database.ScalarAsync<long>("SELECT id FROM notifier.push_subscription WHERE recipient = 'raced'"), new("acme", "raced"), "", [], [],
            (await api.Database.ScalarAsync<DateTimeOffset>("SELECT registered_at FROM notifier.push_subscription WHERE recipient = 'raced'")));
        var push = new ClaimedPush(0, new("acme", "raced", "c-9"), 0, "", false, 1, "m-1", false, 1, 1, TimeSpan.FromHours(1));
        async Task GoneAsync(PushTarget target)
        {
            await using var batch = new Npgsql.NpgsqlBatch(connection) { BatchCommands = { PushContentStore.Gone([(push, target)]) } };
            await batch.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        var old = await TargetAsync();
        await Host.RegisterAsync("raced", Subscriptions.Endpoint("raced"));
        await GoneAsync(old);
        Assert.Single(await EndpointsAsync("raced"));

        await GoneAsync(await TargetAsync());
        Assert.Empty(await EndpointsAsync("raced"));
    }

    [Fact]
    public async Task A_subscription_that_another_person_registers_moves_and_nothing_of_the_first_is_shown_there()
    {
        var shared = Subscriptions.Endpoint("shared");
        await Host.RegisterAsync("first", shared);
        await Host.RegisterAsync("first", Subscriptions.Endpoint("own"));
        await WaitsAsync("first", shared);
        await WaitsAsync("first", Subscriptions.Endpoint("own"));

        await Host.RegisterAsync("second", shared);

        Assert.Equal([Subscriptions.Endpoint("own")], await EndpointsAsync("first"));
        Assert.Equal([shared], await EndpointsAsync("second"));
        Assert.Equal((1, 0), (await WaitingAsync("first"), await WaitingAsync("second")));
        Assert.Equal(["first", "first", "second", "first"], await ChangedAsync("first", "second"));
    }

    [Fact]
    public async Task The_same_browser_may_belong_to_two_sites()
    {
        await Host.RegisterAsync("both", Subscriptions.Endpoint("both"));
        await Host.RegisterAsync("both", Subscriptions.Endpoint("both"), site: "other");

        Assert.Single(await EndpointsAsync("both"));
        Assert.Single(await EndpointsAsync("both", "other"));
    }

    [Fact]
    public async Task Of_21_subscriptions_the_least_recently_used_goes_with_what_waits_there()
    {
        for (var i = 1; i <= 20; i++) await Host.RegisterAsync("many", Subscriptions.Endpoint($"many-{i}"));
        await api.Database.ExecuteAsync("UPDATE notifier.push_subscription SET last_used_at = now() - interval '1 day' WHERE endpoint = $1", Subscriptions.Endpoint("many-7"));
        await WaitsAsync("many", Subscriptions.Endpoint("many-7"));
        await WaitsAsync("many", Subscriptions.Endpoint("many-8"));

        Assert.Equal(204, (await Host.RegisterAsync("many", Subscriptions.Endpoint("many-21"))).Status);

        Assert.Equal(Enumerable.Range(1, 21).Where(i => i != 7).Select(i => Subscriptions.Endpoint($"many-{i}")), await EndpointsAsync("many"));
        Assert.Equal(1, await WaitingAsync("many"));
    }

    [Fact]
    public async Task Two_registrations_at_once_count_each_other()
    {
        for (var i = 1; i <= 19; i++) await Host.RegisterAsync("crowd", Subscriptions.Endpoint($"crowd-{i}"));

        await Task.WhenAll(Enumerable.Range(20, 8).Select(i => Host.RegisterAsync("crowd", Subscriptions.Endpoint($"crowd-{i}"))));

        Assert.Equal(20, (await EndpointsAsync("crowd")).Count);
    }

    [Fact]
    public async Task A_removed_subscription_is_gone_with_what_waits_there_and_a_second_time_nothing_happens()
    {
        var endpoint = Subscriptions.Endpoint("removed");
        await Host.RegisterAsync("removes", endpoint);
        await WaitsAsync("removes", endpoint);

        Assert.Equal(204, (await Host.RemoveAsync("removes", endpoint)).Status);
        Assert.Equal(204, (await Host.RemoveAsync("removes", endpoint)).Status);

        Assert.Empty(await EndpointsAsync("removes"));
        Assert.Equal(0, await WaitingAsync("removes"));
        Assert.Equal(["removes", "removes"], await ChangedAsync("removes"));
    }

    [Fact]
    public async Task Nobody_removes_what_is_somebody_elses()
    {
        await Host.RegisterAsync("owner", Subscriptions.Endpoint("owned"));

        Assert.Equal(204, (await Host.RemoveAsync("stranger", Subscriptions.Endpoint("owned"))).Status);

        Assert.Single(await EndpointsAsync("owner"));
    }

    [Fact]
    public async Task A_removal_without_an_endpoint_is_refused() =>
        (await Host.SendAsync(HttpMethod.Delete, "/v1/sites/acme/recipients/removes/subscriptions", "{}")).AssertProblem(422, "$.endpoint");

    [Fact]
    public async Task The_key_for_browsers_is_told_as_it_is_and_not_at_all_where_push_is_off()
    {
        (await Host.SendAsync(HttpMethod.Get, "/v1/sites/acme/vapid-public-key")).AssertProblem(404);

        var keys = VapidKeys.Generate();
        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", ("WebPush:PublicKey", keys.PublicKey), ("WebPush:PrivateKey", keys.PrivateKey));
        var answer = await host.SendAsync(HttpMethod.Get, "/v1/sites/acme/vapid-public-key");

        Assert.Equal((200, keys.PublicKey, "text/plain; charset=utf-8"), (answer.Status, answer.Body, answer.Header("Content-Type")));
    }
}

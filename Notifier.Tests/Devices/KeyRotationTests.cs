using System.Text.Json.Nodes;
using Notifier.Domain.WebPush;
using Notifier.Tests.Api;
using Xunit;

namespace Notifier.Tests.Devices;

/// <summary>Subscriptions and the VAPID keys they were made with, on real PostgreSQL.</summary>
public sealed class KeyRotationTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private static readonly VapidKeys Old = VapidKeys.Generate(), New = VapidKeys.Generate();

    private Task<ApiHost> BeforeAsync() => ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", ("WebPush:PublicKey", Old.PublicKey), ("WebPush:PrivateKey", Old.PrivateKey));

    private Task<ApiHost> AfterAsync() => ApiHost.StartAsync(
        api.Database.WorkerConnectionString, "Production", ("WebPush:PublicKey", New.PublicKey), ("WebPush:PrivateKey", New.PrivateKey),
        ("WebPush:PreviousPublicKey", Old.PublicKey), ("WebPush:PreviousPrivateKey", Old.PrivateKey));

    private static Task<Answer> PutAsync(ApiHost host, string recipient, string endpoint, string? key = null, string? replaces = null, string? device = null)
    {
        var body = JsonNode.Parse(Subscriptions.Json(endpoint))!.AsObject();
        (body["applicationServerKey"], body["replaces"], body["device"]) = (key, replaces, device);
        return host.SendAsync(HttpMethod.Put, $"/v1/sites/acme/recipients/{recipient}/subscriptions", body.ToJsonString());
    }

    private Task<List<string>> RowsAsync(string recipient) => api.Database.ListAsync<string>(
        "SELECT concat_ws(' ', endpoint, vapid_key, device) FROM notifier.push_subscription WHERE recipient = $1 ORDER BY id", recipient);

    [Fact]
    public async Task A_browser_that_does_not_say_its_key_has_the_one_of_the_day_it_was_first_registered()
    {
        var endpoint = Subscriptions.Endpoint("silent");
        await using (var before = await BeforeAsync()) Assert.Equal(204, (await before.RegisterAsync("silent", endpoint)).Status);
        await using var after = await AfterAsync();
        await after.RegisterAsync("silent", endpoint);
        await after.RegisterAsync("silent", Subscriptions.Endpoint("silent-2"));

        Assert.Equal([$"{endpoint} {Old.PublicKey}", $"{Subscriptions.Endpoint("silent-2")} {New.PublicKey}"], await RowsAsync("silent"));
    }

    [Fact]
    public async Task During_a_rotation_browsers_are_told_the_new_key_and_those_with_the_old_one_are_still_taken()
    {
        await using var after = await AfterAsync();
        Assert.Equal(New.PublicKey, (await after.SendAsync(HttpMethod.Get, "/v1/sites/acme/vapid-public-key")).Body);
        Assert.Equal(204, (await PutAsync(after, "late", Subscriptions.Endpoint("late"), Old.PublicKey)).Status);
        Assert.Equal([$"{Subscriptions.Endpoint("late")} {Old.PublicKey}"], await RowsAsync("late"));
    }

    [Fact]
    public async Task A_key_that_nobody_here_signs_with_is_refused()
    {
        await using var after = await AfterAsync();
        (await PutAsync(after, "lost", Subscriptions.Endpoint("lost"), VapidKeys.Generate().PublicKey)).AssertProblem(422, "$.applicationServerKey");
        Assert.Empty(await RowsAsync("lost"));
    }

    [Fact]
    public async Task A_browser_that_subscribes_anew_keeps_its_place_and_what_waits_there_goes_to_the_new_endpoint()
    {
        var (old, made) = (Subscriptions.Endpoint("rotates"), "https://updates.push.services.mozilla.com/wpush/v2/rotates");
        await using (var before = await BeforeAsync()) await PutAsync(before, "rotates", old, Old.PublicKey, device: "d-1");
        await api.Database.ExecuteAsync(
            """
            INSERT INTO notifier.push_outbox (site, recipient, conversation, subscription, origin, up_to, message, expires_at)
            SELECT site, recipient, 'c-9', id, origin, 1, 'm-1', now() FROM notifier.push_subscription WHERE recipient = 'rotates'
            """);

        await using var after = await AfterAsync();
        Assert.Equal(204, (await PutAsync(after, "rotates", made, New.PublicKey, replaces: old)).Status);
        Assert.Equal(204, (await PutAsync(after, "rotates", made, New.PublicKey, replaces: old)).Status); // said twice

        Assert.Equal([$"{made} {New.PublicKey} d-1"], await RowsAsync("rotates"));
        Assert.Equal("https://updates.push.services.mozilla.com", await api.Database.ScalarAsync<string>(
            "SELECT o.origin FROM notifier.push_outbox o JOIN notifier.push_subscription s ON s.id = o.subscription WHERE s.endpoint = $1", made));
    }

    [Fact]
    public async Task Nobody_takes_the_place_of_somebody_elses_browser()
    {
        await using var after = await AfterAsync();
        await PutAsync(after, "victim", Subscriptions.Endpoint("victim"), New.PublicKey);
        await PutAsync(after, "thief", Subscriptions.Endpoint("thief"), New.PublicKey, replaces: Subscriptions.Endpoint("victim"));

        Assert.Equal([$"{Subscriptions.Endpoint("victim")} {New.PublicKey}"], await RowsAsync("victim"));
        Assert.Equal([$"{Subscriptions.Endpoint("thief")} {New.PublicKey}"], await RowsAsync("thief"));
    }
}

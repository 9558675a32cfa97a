using Notifier.Domain.WebPush;
using Notifier.Tests.Api;
using Notifier.Worker;
using Xunit;

namespace Notifier.Tests.Devices;

public sealed class ConnectTokenTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Own = "/v1/sites/acme/recipients/ada/subscriptions";

    private Task<Answer> PutAsync(string token, string path = Own) => api.Host.As(token).SendAsync(HttpMethod.Put, path, Subscriptions.Json(Subscriptions.Endpoint("ada")));

    [Fact]
    public async Task A_browser_registers_and_removes_its_own_subscription()
    {
        Assert.Equal(204, (await PutAsync(Jwt.For("acme", "ada"))).Status);
        Assert.Equal(204, (await api.Host.RemoveAsync("ada", Subscriptions.Endpoint("ada"))).Status);
    }

    [Fact]
    public async Task A_browser_reads_the_key_of_its_own_site_only()
    {
        var keys = VapidKeys.Generate();
        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", ("WebPush:PublicKey", keys.PublicKey), ("WebPush:PrivateKey", keys.PrivateKey));
        host.As(Jwt.For("acme", "ada"));

        Assert.Equal(keys.PublicKey, (await host.SendAsync(HttpMethod.Get, "/v1/sites/acme/vapid-public-key")).Body);
        (await host.SendAsync(HttpMethod.Get, "/v1/sites/other/vapid-public-key")).AssertProblem(403);
    }

    [Theory]
    [InlineData("/v1/sites/acme/recipients/bob/subscriptions")]
    [InlineData("/v1/sites/other/recipients/ada/subscriptions")]
    [InlineData("/v1/sites/acme/recipients/Ada/subscriptions")]
    [InlineData("/v1/sites/acme/recipients/ada%2F/subscriptions")]
    public async Task Nobody_elses_devices_can_be_touched(string path)
    {
        (await PutAsync(Jwt.For("acme", "ada"), path)).AssertProblem(403);
        (await api.Host.SendAsync(HttpMethod.Delete, path, """{ "endpoint": "https://fcm.googleapis.com/x" }""")).AssertProblem(403);
    }

    [Fact]
    public async Task An_id_with_a_slash_in_it_is_compared_as_it_is()
    {
        Assert.Equal(204, (await PutAsync(Jwt.For("acme", "a/b"), "/v1/sites/acme/recipients/a%2Fb/subscriptions")).Status);
        (await PutAsync(Jwt.For("acme", "a/b"), "/v1/sites/acme/recipients/a%252Fb/subscriptions")).AssertProblem(403);
    }

    [Theory]
    [InlineData("PUT", "/v1/sites/acme/recipients/ada")]
    [InlineData("DELETE", "/v1/sites/acme/recipients/ada")]
    [InlineData("GET", "/v1/sites/acme/messages/m-1/recipients/ada")]
    public async Task Everything_else_is_for_the_sites_server(string method, string path) =>
        (await api.Host.As(Jwt.For("acme", "ada")).SendAsync(new HttpMethod(method), path, "{}")).AssertProblem(401);

    public static TheoryData<string, string> Refused => new()
    {
        { Jwt.Sign(Jwt.Claims(), alg: "none"), "signed" },
        { Jwt.Sign(Jwt.Claims(), alg: "HS512"), "signed" },
        { Jwt.Rs256(Jwt.Claims()), "signed" },
        { Jwt.Sign(Jwt.Claims(), key: "another-key-0123456789abcdef-0123456789"), "signed" },
        { Jwt.For("acme", "ada")[..^2], "signed" },
        { "a.b.c", "signed" },
        { "..", "signed" },
        { Jwt.Sign(Jwt.Claims(audience: "other")), "aud" },
        { Jwt.Sign(new(Jwt.Claims()) { ["aud"] = null }), "aud" },
        { Jwt.Sign(new(Jwt.Claims()) { ["iss"] = null }), "iss" },
        { Jwt.Sign(new(Jwt.Claims()) { ["sub"] = null }), "sub" },
        { Jwt.Sign(new(Jwt.Claims()) { ["exp"] = null }), "exp" },
        { Jwt.Sign(Jwt.Claims(from: -11)), "expired" },
        { Jwt.Sign(Jwt.Claims(from: 1, minutes: 5)), "not valid yet" },
        { Jwt.Sign(new(Jwt.Claims()) { ["nbf"] = Jwt.Seconds(1) }), "not valid yet" },
        { Jwt.Sign(Jwt.Claims(minutes: 11)), "ten minutes" },
        { Jwt.Sign(Jwt.Claims(from: -5, minutes: 10.1)), "ten minutes" },
        { Jwt.Sign(new(Jwt.Claims(minutes: 11)) { ["iat"] = null }), "ten minutes" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task A_token_that_the_site_did_not_make_for_this_is_refused_and_told_why(string token, string reason)
    {
        var answer = await PutAsync(token);

        Assert.Contains(reason, answer.AssertProblem(401), StringComparison.Ordinal);
        Assert.Equal("Bearer realm=\"Notifier\", error=\"invalid_token\"", answer.Header("WWW-Authenticate"));
        Assert.DoesNotContain(token, answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audience_may_be_one_of_several_and_clocks_may_differ_by_half_a_minute()
    {
        Assert.Equal(204, (await PutAsync(Jwt.Sign(Jwt.Claims(audience: (string[])["other", "relay"])))).Status);
        Assert.Equal(204, (await PutAsync(Jwt.Sign(Jwt.Claims(from: -10.4)))).Status);
        Assert.Equal(204, (await PutAsync(Jwt.Sign(Jwt.Claims(from: 0.4)))).Status);
        Assert.Equal(204, (await PutAsync(Jwt.Sign(new(Jwt.Claims()) { ["iat"] = null }))).Status);
    }

    [Fact]
    public async Task Without_a_signing_key_no_token_is_taken_not_even_one_signed_with_nothing()
    {
        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", ("Connect:SigningKey", null!));

        foreach (var token in new[] { Jwt.For("acme", "ada"), Jwt.Sign(Jwt.Claims(), key: "") })
            Assert.Contains("Connect__SigningKey", (await host.As(token).SendAsync(HttpMethod.Put, Own, "{}")).AssertProblem(401), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Connect:SigningKey", "too short", "Connect__SigningKey: must be at least 32 bytes")]
    [InlineData("Connect:SigningKey", "", "Connect__SigningKey: must be at least 32 bytes")]
    [InlineData("Connect:Origins:0", "https://acme.example/", "Connect__Origins__0: must be an origin")]
    [InlineData("Connect:Origins:0", "https://ACME.example", "Connect__Origins__0: must be an origin")]
    [InlineData("Connect:Origins:1", "*", "Connect__Origins__1: must be an origin")]
    [InlineData("Connect:Origins:1", "null", "Connect__Origins__1: must be an origin")]
    public async Task A_setting_that_could_not_work_stops_the_start(string name, string value, string line)
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", (name, value)));

        Assert.StartsWith(line, StartFault.Line(fault), StringComparison.Ordinal);
    }
}

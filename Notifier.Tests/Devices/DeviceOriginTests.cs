using Notifier.Tests.Api;
using Xunit;

namespace Notifier.Tests.Devices;

public sealed class DeviceOriginTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private async Task<Answer> SendAsync(HttpMethod method, string path, string origin, string? token = null, string? preflightFor = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("Origin", origin);
        if (preflightFor is not null)
        {
            request.Headers.Add("Access-Control-Request-Method", preflightFor);
            request.Headers.Add("Access-Control-Request-Headers", "authorization,content-type");
        }
        else if (method != HttpMethod.Get) request.Content = new StringContent(Subscriptions.Json(Subscriptions.Endpoint("cors")));
        return await api.Host.As(token).SendAsync(request);
    }

    [Theory]
    [InlineData("/v1/sites/acme/recipients/ada/subscriptions", "PUT")]
    [InlineData("/v1/sites/acme/recipients/ada/subscriptions", "DELETE")]
    [InlineData("/v1/sites/acme/vapid-public-key", "GET")]
    public async Task A_page_of_the_site_may_ask_before_it_has_shown_a_token(string path, string method)
    {
        var answer = await SendAsync(HttpMethod.Options, path, ApiHost.Origin, preflightFor: method);

        Assert.Equal(204, answer.Status);
        Assert.Equal(ApiHost.Origin, answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains(method, answer.Header("Access-Control-Allow-Methods"), StringComparison.Ordinal);
        Assert.Equal("Authorization,Content-Type", answer.Header("Access-Control-Allow-Headers"));
        Assert.Null(answer.Header("Access-Control-Allow-Credentials"));
    }

    [Fact]
    public async Task A_page_of_the_site_may_read_the_answer_and_a_refusal_too()
    {
        foreach (var (token, status) in new[] { (Jwt.For("acme", "ada"), 204), (Jwt.For("acme", "bob"), 403), ("wrong", 401) })
        {
            var answer = await SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/ada/subscriptions", ApiHost.Origin, token);
            Assert.Equal((status, ApiHost.Origin), (answer.Status, answer.Header("Access-Control-Allow-Origin")));
        }
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("https://acme.example.evil.example")]
    [InlineData("http://acme.example")]
    [InlineData("https://acme.example:8443")]
    [InlineData("null")]
    public async Task Pages_of_anybody_else_may_not(string origin)
    {
        Assert.Null((await SendAsync(HttpMethod.Options, "/v1/sites/acme/recipients/ada/subscriptions", origin, preflightFor: "PUT")).Header("Access-Control-Allow-Origin"));
        Assert.Null((await SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/ada/subscriptions", origin, Jwt.For("acme", "ada"))).Header("Access-Control-Allow-Origin"));
    }

    [Theory]
    [InlineData("/v1/sites/acme/recipients/ada", "PUT")]
    [InlineData("/v1/sites/acme/messages/m-1/recipients/ada", "GET")]
    public async Task What_is_for_the_sites_server_is_open_to_no_page(string path, string method) =>
        Assert.Null((await SendAsync(HttpMethod.Options, path, ApiHost.Origin, preflightFor: method)).Header("Access-Control-Allow-Origin"));
}

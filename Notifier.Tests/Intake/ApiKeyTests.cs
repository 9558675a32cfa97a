using Notifier.Tests.Api;
using Notifier.Worker;
using Xunit;

namespace Notifier.Tests.Intake;

public sealed class ApiKeyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    public static TheoryData<string, string> Routes => new()
    {
        { "PUT", "/v1/sites/acme/recipients/u-2" },
        { "DELETE", "/v1/sites/acme/recipients/u-2" },
        { "GET", "/v1/sites/acme/messages/m-1/recipients/u-2" },
        { "PUT", "/v1/sites/acme/recipients/u-2/subscriptions" },
        { "DELETE", "/v1/sites/acme/recipients/u-2/subscriptions" },
        { "GET", "/v1/sites/acme/vapid-public-key" },
    };

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Without_a_key_or_with_a_wrong_one_nobody_is_let_in(string method, string path)
    {
        foreach (var (header, challenge) in new[]
        {
            (null, "Bearer realm=\"Notifier\""), ("Basic dTpw", "Bearer realm=\"Notifier\""), ("Bearer ", "Bearer realm=\"Notifier\""),
            ($"Bearer {ApiHost.Key}x", "Bearer realm=\"Notifier\", error=\"invalid_token\""), ($"Bearer {ApiHost.Key[..^1]}", "Bearer realm=\"Notifier\", error=\"invalid_token\""),
        })
        {
            using var client = new HttpClient { BaseAddress = api.Host.Client.BaseAddress };
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = new StringContent("{}") };
            if (header is not null) request.Headers.TryAddWithoutValidation("Authorization", header);

            using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);

            Assert.Equal(401, (int)response.StatusCode);
            Assert.Equal(challenge, response.Headers.WwwAuthenticate.ToString());
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.ToString());
            Assert.DoesNotContain(ApiHost.Key, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_scheme_is_read_in_any_case_and_every_key_of_the_list_counts()
    {
        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", ("Intake:ApiKeys:1", "another-key-0123456789"));
        using var request = new HttpRequestMessage(HttpMethod.Put, "/v1/sites/acme/recipients/u-2") { Content = new StringContent("{}") };
        host.As(null);
        request.Headers.TryAddWithoutValidation("Authorization", "bearer another-key-0123456789");

        Assert.Equal(204, (await host.SendAsync(request)).Status);
    }

    [Theory]
    [InlineData("short", "Intake__ApiKeys__0: must be at least 16 characters")]
    [InlineData("with a blank 0123456789", "Intake__ApiKeys__0: must be of letters, digits")]
    [InlineData("", "Intake__ApiKeys__0: must be of letters, digits")]
    public async Task A_key_that_could_be_guessed_or_never_be_sent_stops_the_start(string key, string line)
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", ("Intake:ApiKeys:0", key)));

        Assert.StartsWith(line, StartFault.Line(fault), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_key_only_development_starts_and_lets_nobody_in()
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", null));
        Assert.StartsWith("Intake__ApiKeys__0: is required outside Development", StartFault.Line(fault), StringComparison.Ordinal);

        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Development", null);
        Assert.Contains("Intake__ApiKeys__0", (await host.SendAsync(HttpMethod.Delete, "/v1/sites/acme/recipients/u-2")).AssertProblem(401), StringComparison.Ordinal);
    }
}

using Notifier.Tests.Api;

namespace Notifier.Tests.Doors;

public sealed class RequestRateTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Who_asks_too_often_is_told_when_to_come_back_and_holds_up_nobody_else()
    {
        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production",
            ("Limits:PerAddress", "1"), ("Limits:PerKey", "1"), ("Intake:ApiKeys:1", "another-key-0123456789"));
        async Task<Answer> AskAsync(string? token)
        {
            // A second may pass meanwhile: twice the allowance, and then it is over.
            Answer answer;
            do answer = await host.As(token).SendAsync(HttpMethod.Get, "/v1/sites/acme/vapid-public-key");
            while (answer.Status != 429);
            return answer;
        }

        foreach (var token in (string?[])[null, ApiHost.Key])
        {
            var refused = await AskAsync(token);
            refused.AssertProblem(429);
            Assert.Equal("1", refused.Header("Retry-After"));
        }
        Assert.Equal(404, (await host.As("another-key-0123456789").SendAsync(HttpMethod.Get, "/v1/sites/acme/vapid-public-key")).Status);
    }

    [Theory]
    [InlineData("Limits:PerKey", "0", "Limits__PerKey: must be 1 or more")]
    [InlineData("Limits:PerAddress", "many", "Limits__PerAddress: must be a whole number")]
    public async Task A_limit_that_lets_nobody_in_stops_the_start(string name, string value, string line)
    {
        var fault = await Assert.ThrowsAnyAsync<Exception>(() => ApiHost.StartAsync(api.Database.WorkerConnectionString, "Production", (name, value)));

        Assert.StartsWith(line, StartFault.Line(fault), StringComparison.Ordinal);
    }
}

using System.Net;
using Notifier.Tests.Api;
using Notifier.Worker.Operations;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class LoginRateTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>
{
    private static readonly IPAddress Somebody = IPAddress.Parse("192.0.2.1");

    [Fact]
    public async Task After_ten_wrong_passwords_an_address_has_to_wait_and_the_page_says_how_long()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        for (var i = 0; i < LoginRate.Wrong; i++)
        {
            using var wrong = await host.As(password: $"wrong {i}").Client.GetAsync("/hangfire", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }

        using var refused = await host.As().Client.GetAsync("/hangfire", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 10);
    }

    [Fact]
    public void A_mistake_is_forgiven_every_ten_seconds_and_the_right_password_costs_nothing()
    {
        var clock = new Clock();
        var rate = new LoginRate(clock);
        for (var i = 0; i < 100; i++)
        {
            Assert.True(rate.Take(Somebody));
            rate.WasRight(Somebody);
        }
        for (var i = 0; i < LoginRate.Wrong; i++) Assert.True(rate.Take(Somebody));
        Assert.Equal(LoginRate.Every, rate.Wait(Somebody));
        Assert.False(rate.Take(Somebody));
        Assert.Null(rate.Wait(IPAddress.Parse("192.0.2.2")));

        clock.Now += 2 * LoginRate.Every;
        Assert.Null(rate.Wait(Somebody));
        Assert.True(rate.Take(Somebody));
        Assert.NotNull(rate.Wait(Somebody));
    }

    [Fact]
    public void Addresses_of_one_IPv6_network_wait_together()
    {
        var rate = new LoginRate(new Clock());
        for (var i = 0; i < LoginRate.Wrong; i++) Assert.True(rate.Take(IPAddress.Parse($"2001:db8::{i + 1:x}")));

        Assert.False(rate.Take(IPAddress.Parse("2001:db8::ffff")));
        Assert.True(rate.Take(IPAddress.Parse("2001:db8:0:1::1")));
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = ApiHost.Now;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}

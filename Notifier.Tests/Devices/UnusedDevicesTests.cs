using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Domain;
using Notifier.Tests.Api;
using Notifier.Worker.Storage;

namespace Notifier.Tests.Devices;

public sealed class UnusedDevicesTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task A_device_that_nobody_used_for_so_long_goes_with_what_waits_there_and_its_person_is_decided_anew()
    {
        foreach (var name in (string[])["aged", "young"]) await api.Host.As(ApiHost.Key).RegisterAsync(name, Subscriptions.Endpoint(name));
        await api.Database.ExecuteAsync("UPDATE notifier.push_subscription SET last_used_at = notifier.now() - interval '31 days' WHERE recipient = 'aged'");
        await api.Database.ExecuteAsync("UPDATE notifier.push_subscription SET last_used_at = notifier.now() - interval '29 days' WHERE recipient = 'young'");
        await api.Database.ExecuteAsync(
            """
            INSERT INTO notifier.push_outbox (site, recipient, conversation, subscription, origin, up_to, message, expires_at)
            SELECT site, recipient, 'c-9', id, origin, 1, 'm-1', now() FROM notifier.push_subscription
            """);
        await api.Database.ExecuteAsync("DELETE FROM notifier.inbox");

        Assert.Equal(1, await api.Host.Services.GetRequiredService<SubscriptionStore>().RemoveUnusedAsync(TimeSpan.FromDays(30), TestContext.Current.CancellationToken));

        Assert.Equal(["young"], await api.Database.ListAsync<string>("SELECT recipient FROM notifier.push_subscription"));
        Assert.Equal(["young"], await api.Database.ListAsync<string>("SELECT recipient FROM notifier.push_outbox"));
        var anew = Assert.Single(await api.Database.ListAsync<string>("SELECT body FROM notifier.inbox"));
        Assert.Equal("aged", Assert.IsType<RelayEvent.RecipientChanged>(OwnEvents.Read(Encoding.UTF8.GetBytes(anew))).Recipient);
    }
}

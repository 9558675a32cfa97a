using System.Text.Json.Nodes;
using Notifier.Tests.EndToEnd;

namespace Notifier.Tests.Browser;

/// <summary>Web Push as a person gets it: a real Firefox with the shipped service worker, a real worker, a push service between them.</summary>
public sealed class FirefoxScenarios(BrowserStage stage) : IClassFixture<BrowserStage>
{
    [Fact]
    public async Task A_tab_in_the_background_gets_a_notification_and_the_tab_in_front_is_spared_one()
    {
        var (bob, tab) = await SubscribedAsync();
        await stage.PublishAsync(bob.Said("c", "m1", 1));
        await tab.WaitForAsync($"heard.some(h => h.notifier === 'pushed' && h.conversation === '{bob.Conversation("c")}')", Stage.Soon, "the page in front told in place of a notification");
        Assert.Empty(await NotificationsAsync(tab));

        await stage.Firefox.OpenAsync(new Uri("about:blank"));
        await tab.WaitForAsync("document.visibilityState === 'hidden'", Stage.Soon, "the tab in the background");
        await stage.PublishAsync(bob.Said("d", "m2", 1));
        await WaitForNotificationsAsync(tab, 1);

        var shown = Assert.Single(await NotificationsAsync(tab))!;
        Assert.Equal(
            ("Ada", "Is it still available?", bob.Conversation("d"), $"https://acme.example/messages/{bob.Conversation("d")}"),
            ((string)shown["title"]!, (string)shown["body"]!, (string)shown["tag"]!, (string)shown["data"]!["url"]!));
    }

    [Fact]
    public async Task A_click_tells_the_tab_that_is_open_the_conversation_and_takes_the_notification_away()
    {
        var (bob, tab) = await SubscribedAsync();
        await stage.Firefox.OpenAsync(new Uri("about:blank"));
        await tab.WaitForAsync("document.visibilityState === 'hidden'", Stage.Soon, "the tab in the background");
        await stage.PublishAsync(bob.Said("c", "m1", 1));
        await WaitForNotificationsAsync(tab, 1);

        await stage.Firefox.ClickNotificationAsync("Ada");
        await tab.WaitForAsync($"heard.some(h => h.notifier === 'open' && h.conversation === '{bob.Conversation("c")}' && h.url.endsWith('{bob.Conversation("c")}'))", Stage.Soon, "the page told what was clicked");
        await WaitForNotificationsAsync(tab, 0);
    }

    [Fact]
    public async Task A_click_without_an_open_tab_opens_the_conversation()
    {
        var (bob, tab) = await SubscribedAsync();
        await tab.CloseAsync();
        var address = new Uri(stage.Site.Address, "/?conversation=c").AbsoluteUri;
        await SayAsync(bob, "c", "m1", 1, url: address);

        await stage.Firefox.ClickNotificationAsync("Ada");
        tab = await stage.Firefox.AdoptAsync(address);
        await tab.WaitForAsync("'push' in window", Stage.Soon, "the page of the conversation");
        await WaitForNotificationsAsync(tab, 0);
    }

    [Fact]
    public async Task With_the_tab_closed_the_notification_comes_and_later_messages_take_its_place_with_a_count()
    {
        var (bob, tab) = await SubscribedAsync();
        await tab.CloseAsync();
        await SayAsync(bob, "c", "m1", 1);
        await SayAsync(bob, "c", "m2", 2);
        await SayAsync(bob, "d", "m3", 1);

        tab = await stage.OpenSiteAsync();
        await WaitForNotificationsAsync(tab, 2);
        Assert.Equal(["2 new messages", "Is it still available?"], (await NotificationsAsync(tab)).Select(n => (string)n!["body"]!).Order());
    }

    [Fact]
    public async Task Of_what_came_while_the_browser_was_closed_the_newest_of_each_conversation_is_shown_at_its_next_start()
    {
        var (bob, _) = await SubscribedAsync();
        var acks = stage.PushService.Acks.Entries.Length;
        await stage.Firefox.DisposeAsync();
        await SayAsync(bob, "c", "m1", 1, shown: false);
        await SayAsync(bob, "c", "m2", 2, shown: false);
        await SayAsync(bob, "c", "m3", 3, shown: false);
        Assert.Equal(1, await stage.PushService.WaitingAsync());

        await stage.StartFirefoxAsync();
        await AckedAsync(acks + 1);
        var tab = await stage.OpenSiteAsync();
        await WaitForNotificationsAsync(tab, 1);
        Assert.Equal("3 new messages", (string)(await NotificationsAsync(tab))[0]!["body"]!);
        Assert.Equal(acks + 1, stage.PushService.Acks.Entries.Length);
    }

    [Fact]
    public async Task Seen_elsewhere_the_notification_goes_away_and_that_of_another_conversation_stays()
    {
        var (bob, tab) = await SubscribedAsync();
        await tab.CloseAsync();
        await SayAsync(bob, "c", "m1", 1);
        await SayAsync(bob, "d", "m2", 1);
        tab = await stage.OpenSiteAsync();
        await WaitForNotificationsAsync(tab, 2);

        await stage.PublishAsync(bob.Saw("c", 1));
        await WaitForNotificationsAsync(tab, 1);
        Assert.Equal(bob.Conversation("d"), (string)(await NotificationsAsync(tab))[0]!["tag"]!);
    }

    [Fact]
    public async Task A_push_message_that_somebody_changed_on_its_way_is_refused_by_the_browser_and_nothing_is_shown()
    {
        var (bob, tab) = await SubscribedAsync();
        await tab.CloseAsync();
        stage.PushService.TampersOnce = true;
        var acks = stage.PushService.Acks.Entries.Length;
        await SayAsync(bob, "c", "m1", 1, shown: false);
        Assert.Equal(101, (await AckedAsync(acks + 1)).Code);

        await SayAsync(bob, "d", "m2", 1);
        tab = await stage.OpenSiteAsync();
        await WaitForNotificationsAsync(tab, 1);
        Assert.Equal(bob.Conversation("d"), (string)(await NotificationsAsync(tab))[0]!["tag"]!);
    }

    [Fact]
    public async Task After_a_key_rotation_browsers_are_reached_with_the_old_key_until_their_page_subscribes_anew_and_with_the_new_one_from_then_on()
    {
        var (bob, tab) = await SubscribedAsync();
        var old = await SubscriptionAsync(bob);
        Assert.Equal((stage.Keys.PublicKey, "browser-1"), (old.Key, old.Device));
        await tab.CloseAsync();
        await stage.RotateKeysAsync();
        await SayAsync(bob, "c", "m1", 1);

        tab = await stage.OpenSiteAsync();
        Assert.Equal("on", await stage.CallAsync(tab, "resumePush", bob));
        var anew = await SubscriptionAsync(bob);
        Assert.Equal((old.Id, stage.Keys.PublicKey), (anew.Id, anew.Key));
        Assert.NotEqual(old.Endpoint, anew.Endpoint);
        Assert.Equal(1, stage.PushService.Subscriptions);

        await tab.CloseAsync();
        await SayAsync(bob, "d", "m2", 1);
        tab = await stage.OpenSiteAsync();
        await WaitForNotificationsAsync(tab, 2);
        Assert.Equal("on", await stage.CallAsync(tab, "resumePush", bob));
        Assert.Equal(anew, await SubscriptionAsync(bob)); // nothing changed, so nothing was said again
    }

    [Fact]
    public async Task A_subscription_that_the_browser_lost_is_made_anew_at_the_next_start_of_the_page_and_nobody_is_asked_who_did_not_enable_it()
    {
        var (bob, tab) = await SubscribedAsync();
        var lost = await SubscriptionAsync(bob);
        await tab.EvaluateAsync("navigator.serviceWorker.getRegistration().then(r => r.pushManager.getSubscription()).then(s => s.unsubscribe())");
        Assert.Equal("on", await stage.CallAsync(tab, "resumePush", bob));
        var made = await SubscriptionAsync(bob);
        Assert.Equal(lost.Id, made.Id);
        Assert.NotEqual(lost.Endpoint, made.Endpoint);

        var carol = await stage.PersonAsync(device: false);
        Assert.Equal("off", await stage.CallAsync(tab, "resumePush", carol));
        Assert.Equal(made, await SubscriptionAsync(bob));
    }

    [Fact]
    public async Task Of_two_people_in_one_browser_the_one_whose_page_started_last_has_its_notifications()
    {
        var (bob, tab) = await SubscribedAsync();
        var his = await SubscriptionAsync(bob);
        var carol = await stage.PersonAsync(device: false);
        Assert.Equal("on", await stage.CallAsync(tab, "enablePush", carol));
        Assert.Equal(his.Endpoint, (await SubscriptionAsync(carol)).Endpoint);

        Assert.Equal("on", await stage.CallAsync(tab, "resumePush", bob));
        Assert.Equal(his.Endpoint, (await SubscriptionAsync(bob)).Endpoint);
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.push_subscription WHERE recipient = $1", carol.Id));
    }

    [Fact]
    public async Task A_subscription_that_the_push_service_forgot_is_made_anew_at_once_where_a_page_is_open()
    {
        var (bob, _) = await SubscribedAsync();
        var lost = await SubscriptionAsync(bob);
        await stage.PushService.ForgetAsync();
        await stage.Database.WaitUntilAsync("SELECT endpoint <> $2 FROM notifier.push_subscription WHERE recipient = $1", Stage.Soon, "the new subscription registered", bob.Id, lost.Endpoint);
        Assert.Equal(lost.Id, (await SubscriptionAsync(bob)).Id);

        await stage.Firefox.OpenAsync(new Uri("about:blank"));
        await SayAsync(bob, "c", "m1", 1);
    }

    [Fact]
    public async Task Disabled_the_browser_has_no_subscription_and_the_notifier_has_none_either()
    {
        var (bob, tab) = await SubscribedAsync();
        await stage.CallAsync(tab, "disablePush", bob);

        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.push_subscription WHERE recipient = $1", bob.Id));
        Assert.Equal(0, stage.PushService.Subscriptions);
        Assert.Equal("off", await stage.CallAsync(tab, "resumePush", bob));
    }

    private sealed record Registered(long Id, string Endpoint, string Key, string Device);

    /// <summary>The only one.</summary>
    private async Task<Registered> SubscriptionAsync(Person person)
    {
        var row = Assert.Single(await stage.Database.RowsAsync("SELECT id, endpoint, vapid_key, device FROM notifier.push_subscription WHERE recipient = $1", person.Id));
        return new((long)row[0]!, (string)row[1]!, (string)row[2]!, (string)row[3]!);
    }

    /// <summary>A message for who has no tab open; returns when the push service has its push message and, with <paramref name="shown"/>, the browser has read it.</summary>
    private async Task SayAsync(Person person, string conversation, string message, long seq, bool shown = true, string? url = null)
    {
        var acks = stage.PushService.Acks.Entries.Length;
        await stage.PublishAsync(person.Said(conversation, message, seq, url: url));
        await stage.WaitForReasonAsync(person, person.Message(message), "push told accepted");
        if (shown) Assert.Equal(100, (await AckedAsync(acks + 1)).Code);
    }

    /// <returns>The nth acknowledgement of the browser.</returns>
    private async Task<BrowserAck> AckedAsync(int nth)
    {
        var seen = 0;
        return await stage.PushService.Acks.WaitForAsync(_ => ++seen >= nth, Stage.Soon, "an acknowledgement of the browser");
    }

    /// <summary>Somebody with this browser, and the site at the front in its only tab.</summary>
    private async Task<(Person, Tab)> SubscribedAsync()
    {
        await stage.CloseTabsAsync();
        var person = await stage.PersonAsync(device: false);
        var tab = await stage.OpenSiteAsync();
        await tab.EvaluateAsync("clear()");
        Assert.Equal("on", await stage.CallAsync(tab, "enablePush", person));
        return (person, tab);
    }

    private static async Task<JsonArray> NotificationsAsync(Tab tab) => (await tab.EvaluateAsync("notifications()"))!.AsArray();

    private static Task WaitForNotificationsAsync(Tab tab, int count) =>
        tab.WaitForAsync($"notifications().then(n => n.length === {count})", Stage.Soon, $"{count} notifications");
}

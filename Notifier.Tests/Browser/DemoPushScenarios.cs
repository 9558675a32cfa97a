using Notifier.Tests.EndToEnd;

namespace Notifier.Tests.Browser;

/// <summary>"Enable notifications" on the demo page, and what comes of it.</summary>
public sealed class DemoPushScenarios(DemoPushStage stage) : IClassFixture<DemoPushStage>
{
    private const string Shown = "navigator.serviceWorker.getRegistration().then(r => r.getNotifications()).then(all => all.map(n => n.title).sort().join())";

    [Fact]
    public async Task Enabled_at_a_click_they_come_with_the_tab_closed_open_the_conversation_and_go_when_it_is_read()
    {
        var bob = await stage.OpenAsync("bob", context: null);
        await bob.ClickAsync("#notify");
        await bob.WaitForAsync("document.getElementById('notify').dataset.state === 'on'", Stage.Soon, "notifications enabled");
        await bob.CloseAsync();

        var ada = await stage.OpenAsync("ada", context: "ada");
        await SayAsync(ada, "ada-bob", "Are the tomatoes ripe?");
        await SayAsync(ada, "allotment", "Who has the key?");
        await stage.Browser.ClickNotificationAsync("Ada");
        bob = await stage.Browser.AdoptAsync($"{stage.Address}?as=bob");
        await bob.WaitForAsync("document.querySelector('#messages')?.textContent.includes('Are the tomatoes ripe?')", Stage.Soon, "the conversation that was clicked");
        await bob.WaitForAsync($"{Shown}.then(titles => titles === 'Ada · Allotment')", Stage.Soon, "the notification of the other conversation, and no other");

        await bob.ToFrontAsync();
        await bob.ClickAsync("[data-conversation='allotment']");
        await bob.WaitForAsync($"{Shown}.then(titles => titles === '')", Stage.Soon, "no notification of what was read here");
    }

    /// <summary>Writes, and waits until the browser has the push message.</summary>
    private async Task SayAsync(Tab ada, string conversation, string text)
    {
        var acks = stage.PushService.Acks.Entries.Length;
        await ada.ClickAsync($"[data-conversation='{conversation}']");
        await ada.TypeAsync("#text", text);
        await ada.PressAsync("Enter");
        var seen = 0;
        await stage.PushService.Acks.WaitForAsync(_ => ++seen > acks, Stage.Soon, "the browser's acknowledgement");
    }
}

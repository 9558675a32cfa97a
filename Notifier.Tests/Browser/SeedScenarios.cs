using Notifier.Tests.EndToEnd;

namespace Notifier.Tests.Browser;

/// <summary>The four cases that all of this is for, one after the other, on real parts.</summary>
public sealed class SeedScenarios(SeedStage stage) : IClassFixture<SeedStage>
{
    [Fact]
    public async Task An_open_tab_then_none_then_no_browser_then_nobody_at_all()
    {
        var browser = await BrowserProcess.StartChromiumAsync();
        await using var closing = browser;
        var bob = await stage.PersonAsync();
        var device = bob.Device!;

        // A tab is open: the WebSocket, and nothing else. He looks at it, and that is the end of it.
        var tab = await stage.OpenAsync(browser, bob);
        await tab.EvaluateAsync($"client.show('{bob.Conversation("c")}')");
        await stage.AdaWritesAsync(bob, "c", "m1", 1, "Are you there?");
        await ClientStage.ReceivedAsync(tab, "Are you there?");
        await stage.WaitForReasonAsync(bob, bob.Message("m1"), "push skip already_seen");
        await stage.WaitForReasonAsync(bob, bob.Message("m1"), "email skip already_seen");
        Assert.DoesNotContain(stage.Push.Pushes, p => p.Subscription == device.Id);

        // No tab, the browser runs: a push message, at once.
        await tab.CloseAsync();
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.presence WHERE recipient = $1 AND state = 0)", Stage.Soon, "Bob offline, as the relay says", bob.Id);
        await stage.AdaWritesAsync(bob, "c", "m2", 2, "Hello?");
        var push = await stage.Push.WaitForPushAsync(device, Stage.Soon, p => (string?)p.Json["type"] == "message");
        Assert.Equal("Hello?", (string?)push.Json["body"]);
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "push told accepted");

        // The browser is closed: the push service keeps the newest for it.
        tab = await stage.OpenAsync(browser, bob);
        await browser.DisposeAsync();
        await stage.AdaWritesAsync(bob, "c", "m3", 3, "Well then");
        push = await stage.Push.WaitForPushAsync(device, Stage.Soon, p => (long?)p.Json["upTo"] == 3);
        Assert.Equal("2 new messages", (string?)push.Json["body"]);
        Assert.Equal(32, push.Headers["Topic"].Length);
        Assert.True(int.Parse(push.Headers["TTL"], System.Globalization.CultureInfo.InvariantCulture) > 3600);

        // Nobody at all: an email, after the delay, in which nothing happens.
        var cleo = await stage.PersonAsync(device: false);
        await stage.AdaWritesAsync(cleo, "c", "m1", 1, "Did Bob move?");
        await stage.WaitForReasonAsync(cleo, cleo.Message("m1"), "email wait delay");
        Assert.DoesNotContain(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(cleo.Address));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(cleo.Address), Stage.Soon);
        Assert.Contains("Did Bob move?", mail.Message.TextBody);
        await stage.WaitForReasonAsync(cleo, cleo.Message("m1"), "email told accepted");
    }
}

namespace Notifier.Tests.EndToEnd;

/// <summary>What becomes of a notification once its conversation was read: docs/web-push.md, on real parts.</summary>
public sealed class DismissalScenarios(Stage stage) : IClassFixture<Stage>
{
    [Fact]
    public async Task A22_Read_on_one_device_the_notification_is_taken_back_on_the_others_and_not_there()
    {
        var bob = await stage.PersonAsync(device: false);
        var (desktop, phone) = (await bob.RegisterDeviceAsync("desktop"), await bob.RegisterDeviceAsync("phone"));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.Push.WaitForPushAsync(desktop, Stage.Soon);
        await stage.Push.WaitForPushAsync(phone, Stage.Soon);
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "push told accepted");
        await SentAsync(bob);

        await stage.PublishAsync(bob.Saw("c", 1, device: "desktop"));
        Assert.Equal("dismiss", (string)(await stage.Push.WaitForPushAsync(phone, Stage.Soon, after: 1)).Json["type"]!);
        await SentAsync(bob);
        Assert.Single(stage.Push.Pushes, p => p.Subscription == desktop.Id);
    }

    [Fact]
    public async Task Seen_while_the_push_message_was_under_way_its_notification_is_taken_back_right_after_it()
    {
        var bob = await stage.PersonAsync();
        var hang = stage.Push.Hang(bob.Device!, new PushAnswer(201));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await hang.ReachedAsync(Stage.Soon);
        await stage.PublishAsync(bob.Saw("c", 1));
        hang.Release();

        var push = await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon, after: 1);
        Assert.Equal(("dismiss", 1), ((string)push.Json["type"]!, (long)push.Json["upTo"]!));
        await SentAsync(bob);
        Assert.Equal(2, stage.Push.Pushes.Count(p => p.Subscription == bob.Device!.Id));
    }

    [Fact]
    public async Task A_dismissal_does_not_take_the_place_of_an_alert_that_waits_and_tells_of_later_messages()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("c", "m1", 1));
        await stage.WaitForReasonAsync(bob, bob.Message("m1"), "push told accepted");
        await SentAsync(bob);
        stage.Push.Answer(bob.Device!, new PushAnswer(503));
        await stage.PublishAsync(bob.Said("c", "m2", 2));
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "push wait transient");

        await stage.PublishAsync(bob.Saw("c", 1));
        await stage.AdvanceAsync(TimeSpan.FromSeconds(10));
        var push = await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon, after: 2);
        Assert.Equal(("message", 1, 2), ((string)push.Json["type"]!, (int)push.Json["count"]!, (long)push.Json["upTo"]!));
    }

    [Fact]
    public async Task Apples_devices_get_no_dismissal_since_a_push_message_that_shows_nothing_costs_the_subscription_there()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "push told accepted");
        await SentAsync(bob);
        await stage.Database.ExecuteAsync("UPDATE notifier.push_subscription SET origin = 'https://web.push.apple.com' WHERE recipient = $1", bob.Id);

        await stage.PublishAsync(bob.Saw("c", 1));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "push skip already_seen");
        await SentAsync(bob);
        Assert.Single(stage.Push.Pushes, p => p.Subscription == bob.Device!.Id);
    }

    [Fact]
    public async Task What_was_never_shown_is_not_taken_back()
    {
        var bob = await stage.PersonAsync();
        stage.Push.Answer(bob.Device!, new PushAnswer(503));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "push wait transient");
        await stage.PublishAsync(bob.Saw("c", 1));
        await stage.AdvanceAsync(TimeSpan.FromSeconds(10));
        await SentAsync(bob);
        Assert.Single(stage.Push.Pushes, p => p.Subscription == bob.Device!.Id);
    }

    private Task SentAsync(Person person) => stage.Database.WaitUntilAsync(
        "SELECT NOT EXISTS (SELECT FROM notifier.push_outbox WHERE recipient = $1)", Stage.Soon, $"push messages to {person.Id} sent", person.Id);
}

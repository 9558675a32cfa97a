using Notifier.Tests.Fixtures;
using Notifier.Tests.WebPush;

namespace Notifier.Tests.EndToEnd;

/// <summary>What push services answer, and what becomes of it. Each test has a stage of its own: what a push service has asked for holds for everybody there.</summary>
public sealed class PushServiceScenarios(PostgresCluster cluster) : IAsyncLifetime
{
    private const string Subscriptions = "SELECT count(*) FROM notifier.push_subscription";

    private readonly Stage _stage = new(cluster);

    public ValueTask InitializeAsync() => _stage.InitializeAsync();

    public ValueTask DisposeAsync() => _stage.DisposeAsync();

    [Fact]
    public async Task A16_Where_everybody_is_refused_the_breaker_opens_no_subscription_is_deleted_and_nobody_is_forgotten()
    {
        var people = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _stage.PersonAsync()));
        foreach (var person in people) _stage.Push.Answer(person.Device!, new PushAnswer(403, Text: "BadJwtToken"));
        await _stage.PublishAsync([.. people.Select(p => p.Said("c", "m", 1))]);
        await _stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.push_origin WHERE open_until > notifier.now())", Stage.Soon, "the breaker open");
        Assert.Equal(50, await _stage.Database.ScalarAsync<long>(Subscriptions));

        var ann = await _stage.PersonAsync();
        await _stage.PublishAsync(ann.Said("c", "m", 1));
        await _stage.AdvanceAsync(TimeSpan.FromMinutes(4));
        Assert.DoesNotContain(_stage.Push.Pushes, p => p.Subscription == ann.Device!.Id);

        await _stage.AdvanceAsync(TimeSpan.FromMinutes(7));
        await _stage.Push.WaitForPushAsync(ann.Device!, Stage.Soon);
        foreach (var person in people) await _stage.Push.WaitForPushAsync(person.Device!, Stage.Soon, after: 1);
    }

    [Fact]
    public async Task What_a_push_service_asked_for_outlives_the_worker_and_holds_for_all_that_goes_to_the_device()
    {
        var bob = await _stage.PersonAsync();
        _stage.Push.Answer(bob.Device!, new PushAnswer(429, RetryAfter: "600"));
        await _stage.PublishAsync(bob.Said("c", "m1", 1));
        await _stage.WaitForReasonAsync(bob, bob.Message("m1"), "push wait slow_down");

        await _stage.RestartWorkerAsync();
        await _stage.PublishAsync(bob.Said("d", "m2", 1));
        await _stage.AdvanceAsync(TimeSpan.FromSeconds(500));
        Assert.Single(_stage.Push.Pushes);

        await _stage.AdvanceAsync(TimeSpan.FromSeconds(110));
        await _stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon, after: 2);
    }

    [Fact]
    public async Task One_device_that_gets_too_much_does_not_hold_up_the_others_and_three_do()
    {
        var people = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _stage.PersonAsync()));
        async Task SlowDownAsync(Person person)
        {
            _stage.Push.Answer(person.Device!, new PushAnswer(429, RetryAfter: "600"));
            await _stage.PublishAsync(person.Said("c", "m", 1));
            await _stage.WaitForReasonAsync(person, person.Message("m"), "push wait slow_down");
        }

        await SlowDownAsync(people[0]);
        await SlowDownAsync(people[1]);
        await _stage.PublishAsync(people[3].Said("c", "m", 1));
        await _stage.Push.WaitForPushAsync(people[3].Device!, Stage.Soon);

        await SlowDownAsync(people[2]);
        await _stage.PublishAsync(people[4].Said("c", "m", 1));
        await _stage.AdvanceAsync(TimeSpan.FromSeconds(500));
        Assert.DoesNotContain(_stage.Push.Pushes, p => p.Subscription == people[4].Device!.Id);
        await _stage.AdvanceAsync(TimeSpan.FromSeconds(120));
        foreach (var person in people) await _stage.Push.WaitForPushAsync(person.Device!, Stage.Soon, after: person == people[3] || person == people[4] ? 0 : 1);
    }

    [Fact]
    public async Task A_push_service_that_hangs_holds_up_nobody_elses_push_messages()
    {
        await using var hung = await LoopbackPushService.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var userAgent = new UserAgent($"http://127.0.0.1:{hung.Port}/push/1");
        var (bob, ann) = (await _stage.PersonAsync(device: false), await _stage.PersonAsync());
        await bob.RegisterAsync(new TestSubscription("hung", PushServiceStage.Json(userAgent)));

        // More than there is room for.
        await _stage.PublishAsync([.. Enumerable.Range(0, 600).Select(n => bob.Said($"c{n}", $"m{n}", 1))]);
        await _stage.Database.WaitUntilAsync(
            "SELECT count(*) >= 256 FROM notifier.push_outbox WHERE lease_until > notifier.now()", Stage.Soon, "as many requests under way as one push service may have");
        await _stage.PublishAsync(ann.Said("c", "m", 1));
        await _stage.Push.WaitForPushAsync(ann.Device!, Stage.Soon);
        Assert.Equal(600, await _stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.push_outbox WHERE recipient = $1", bob.Id));
        Assert.Equal(256, await _stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.push_outbox WHERE recipient = $1 AND lease_until > notifier.now()", bob.Id));
    }

    [Fact]
    public async Task A_subscription_of_another_key_is_kept_and_not_asked_again_and_the_email_goes_out()
    {
        var bob = await _stage.PersonAsync();
        _stage.Push.Answer(bob.Device!, new PushAnswer(403, Text: """{"reason":"VapidPkHashMismatch"}"""));
        await _stage.PublishAsync(bob.Said("c", "m", 1));
        await _stage.WaitForReasonAsync(bob, bob.Message("m"), "push failed other_key");
        await _stage.AdvanceAsync(TimeSpan.FromMinutes(11));
        await _stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Single(_stage.Push.Pushes);
        Assert.Equal(1, await _stage.Database.ScalarAsync<long>(Subscriptions));
    }
}

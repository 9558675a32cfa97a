using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>Conversations with more unseen messages than a turn loads (500): nobody is told less, later or more often for that.</summary>
public sealed class CrowdScenarios(Stage stage) : IClassFixture<Stage>
{
    private const int Crowd = 1300;

    [Fact]
    public async Task A_crowd_of_messages_is_one_email_that_counts_them_all_and_leaves_none_behind()
    {
        var bob = await stage.PersonAsync(device: false);
        await CrowdAsync(bob);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains($"message number {Crowd}", mail.Message.TextBody);
        Assert.Contains($"{Crowd - 10}", mail.Message.TextBody!.Replace(",", "", StringComparison.Ordinal));
        await stage.SentAsync(bob);
        await stage.DecidedAsync();
        Assert.Equal(Crowd, await TracedAsync(bob, "email", "told", "accepted"));
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Fact]
    public async Task A_mention_in_the_midst_of_a_crowd_has_its_own_time()
    {
        var bob = await stage.PersonAsync(device: false);
        await CrowdAsync(bob, kind: "group", sentAt: await stage.Database.NowAsync() - TimeSpan.FromMinutes(1), count: 600);
        await stage.PublishAsync(bob.Said("c", "mention", 601, kind: "mention", sentAt: await stage.Database.NowAsync() - TimeSpan.FromMinutes(1)));
        await CrowdAsync(bob, kind: "group", sentAt: await stage.Database.NowAsync() - TimeSpan.FromMinutes(1), count: 600, from: 602);

        await stage.AdvanceAsync(TimeSpan.FromMinutes(4.5)); // five minutes from the mention, fifteen from the rest

        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
    }

    [Fact]
    public async Task A_crowd_that_waits_while_the_person_is_elsewhere_is_one_push_message_that_tells_of_all_of_it()
    {
        var bob = await stage.PersonAsync();
        await CrowdAsync(bob, outcome: "delivered", presence: "online");
        await stage.AdvanceAsync(TimeSpan.FromSeconds(61));

        var push = await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon);
        Assert.Equal(Crowd, push.Json["upTo"]!.GetValue<long>());
        Assert.Equal(1000, push.Json["count"]!.GetValue<int>()); // no more than that is counted
        await stage.Database.WaitUntilAsync("SELECT NOT EXISTS (SELECT FROM notifier.push_outbox WHERE recipient = $1)", Stage.Soon, "no push message under way", bob.Id);
        Assert.Equal(Crowd, await TracedAsync(bob, "push", "send", "unseen"));
        Assert.Equal(Crowd, await TracedAsync(bob, "push", "told", "accepted"));
        Assert.Single(stage.Push.Pushes, p => p.Subscription == bob.Device!.Id);
    }

    [Fact]
    public async Task What_cannot_be_told_any_more_is_refused_to_the_last_message_of_a_crowd()
    {
        var bob = await stage.PersonAsync();
        await CrowdAsync(bob, outcome: "delivered", presence: "online");
        await stage.PutAsync($"/v1/sites/acme/recipients/{bob.Id}", new
        {
            email = bob.Address,
            preferences = new { conversations = new Dictionary<string, object> { [bob.Conversation("c")] = new { level = "none" } } },
        });
        await stage.DecidedAsync();

        Assert.Equal(Crowd, await TracedAsync(bob, "push", "skip", "conversation_muted"));
        Assert.Equal(Crowd, await TracedAsync(bob, "email", "skip", "conversation_muted"));
    }

    [Fact]
    public async Task A_crowd_is_over_when_its_last_message_is_seen_and_not_before()
    {
        var bob = await stage.PersonAsync(device: false);
        await CrowdAsync(bob);
        const string open = "SELECT closed_at IS NULL FROM notifier.escalation WHERE recipient = $1";

        await stage.PublishAsync(bob.Saw("c", 1));
        await stage.PublishAsync(bob.Saw("c", 700));
        Assert.Equal(Crowd - 700, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.escalation_message WHERE recipient = $1", bob.Id));
        Assert.Equal(700, await TracedAsync(bob, "email", "skip", "already_seen"));
        Assert.True(await stage.Database.ScalarAsync<bool>(open, bob.Id));

        await stage.PublishAsync(bob.Saw("c", Crowd));
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.escalation_message WHERE recipient = $1", bob.Id));
        Assert.Equal(Crowd, await TracedAsync(bob, "email", "skip", "already_seen"));
        Assert.False(await stage.Database.ScalarAsync<bool>(open, bob.Id));
    }

    private async Task CrowdAsync(
        Person person, string outcome = "undelivered", string presence = "offline", string kind = "direct", DateTimeOffset? sentAt = null, int count = Crowd, int from = 1)
    {
        foreach (var part in Enumerable.Range(from, count).Chunk(600))
            await stage.PublishAsync([.. part.Select(n => person.Said("c", $"m{n}", n, outcome, presence, sentAt, kind, text: $"message number {n}"))]);
    }

    private Task<long> TracedAsync(Person person, string channel, string verdict, string reason) => stage.Database.ScalarAsync<long>(
        "SELECT count(DISTINCT message) FROM notifier.decision WHERE recipient = $1 AND channel = $2 AND verdict = $3 AND reason = $4", person.Id, channel, verdict, reason);
}

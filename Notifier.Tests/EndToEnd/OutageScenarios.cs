using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>Hours in which no worker was there, and all that was due meanwhile is due at once.</summary>
public sealed class OutageScenarios(OutageScenarios.OutageStage stage) : IClassFixture<OutageScenarios.OutageStage>
{
    [Fact]
    public async Task A17_After_six_hours_of_outage_what_is_late_takes_half_of_the_connections()
    {
        const int all = 12;
        var people = new List<Person>();
        for (var i = 0; i < all; i++) people.Add(await stage.PersonAsync(device: false));
        await stage.PublishAsync([.. people.Select(p => p.Said("c", "m", 1))]);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Hang: true));

        await stage.AdvanceAsync(TimeSpan.FromHours(6));
        await stage.Database.WaitUntilAsync("SELECT count(*) >= 8 FROM notifier.email_attempt WHERE state = 'sending'", Stage.Soon, "as many claimed as for all four connections");
        await hang.ReachedAsync(Stage.Soon);
        await stage.Mail.SettledMailsAsync();
        Assert.InRange(stage.Mail.Events.Entries.Count(e => e.Event == "reached"), 1, 2);
        await stage.Mail.ClearAsync();
        foreach (var person in people) await stage.WaitForAttemptAsync(person, "sent");
        Assert.Equal(all, (await stage.Mail.SettledMailsAsync()).Count(m => people.Exists(p => m.RcptTo.Contains(p.Address))));
    }

    [Fact]
    public async Task A17_After_more_than_a_day_two_conversations_are_one_digest()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.PublishAsync(bob.Said("c", "m", 1), bob.Said("d", "m2", 1));
        await stage.AdvanceAsync(TimeSpan.FromHours(25));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.All(["c", "d"], c => Assert.Contains(bob.Conversation(c), mail.Message.HtmlBody));
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    public sealed class OutageStage(PostgresCluster cluster) : Stage(cluster)
    {
        protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Email__Connections"] = "4" };
    }
}

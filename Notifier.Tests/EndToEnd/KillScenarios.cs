using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>What is left when a worker is killed with SIGKILL, and what the next one makes of it.</summary>
public sealed class KillScenarios(Stage stage) : IClassFixture<Stage>
{
    private static readonly TimeSpan PastTheLease = TimeSpan.FromSeconds(65);

    [Fact]
    public async Task A11_Killed_between_claim_and_DATA_the_email_is_sent_once_after_the_lease()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await hang.ReachedAsync(Stage.Soon);

        stage.Worker.KillHard();
        await hang.ReleaseAsync();
        await stage.RestartWorkerAsync();
        await stage.Database.AdvanceAsync(PastTheLease);

        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), TimeSpan.FromSeconds(60));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Fact]
    public async Task A12_Killed_between_the_servers_250_and_our_commit_the_email_is_sent_once_more_with_the_same_Message_ID_and_the_trace_says_so()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Dot, Keep: true, Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await hang.ReachedAsync(Stage.Soon);

        stage.Worker.KillHard();
        await hang.ReleaseAsync();
        await stage.RestartWorkerAsync();
        await stage.Database.AdvanceAsync(PastTheLease);

        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = $1 AND state = 'sent')", TimeSpan.FromSeconds(60), "the re-send", bob.Id);
        var mails = (await stage.Mail.SettledMailsAsync()).Where(m => m.RcptTo.Contains(bob.Address)).ToArray();
        Assert.Equal(2, mails.Length);
        Assert.Equal(mails[0].Message.MessageId, mails[1].Message.MessageId);
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email send outcome_unknown");
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email told accepted");
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_before_the_servers_250_hears_it_and_the_email_is_sent_once()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Dot, Keep: true, Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await hang.ReachedAsync(Stage.Soon);

        var stopping = stage.Worker.StopAsync();
        await stage.Worker.SaidAsync("Application is shutting down");
        await hang.ReleaseAsync();
        Assert.Equal(0, await stopping);

        await stage.WaitForAttemptAsync(bob, "sent");
        await stage.RestartWorkerAsync();
        await stage.Database.AdvanceAsync(PastTheLease);
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Fact]
    public async Task The_servers_250_is_kept_while_the_database_is_away_and_the_email_is_sent_once()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Dot, Keep: true, Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await hang.ReachedAsync(Stage.Soon);

        var database = await stage.Database.ScalarAsync<string>("SELECT current_database()");
        await stage.Database.ExecuteAsync($"ALTER DATABASE {database} CONNECTION LIMIT 0");
        try
        {
            await stage.Database.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = '{TestDatabase.WorkerLogin}'");
            await hang.ReleaseAsync();
            await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        }
        finally
        {
            await stage.Database.ExecuteAsync($"ALTER DATABASE {database} CONNECTION LIMIT -1");
        }

        await stage.WaitForAttemptAsync(bob, "sent");
        await stage.Database.AdvanceAsync(PastTheLease);
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
        Assert.DoesNotContain("email send outcome_unknown", await stage.WhyAsync(bob, bob.Message("m")));
        await stage.RestartWorkerAsync(); // Hangfire, which was away too, comes back in its own time: not for the next test to wait for
    }
}

/// <summary>As events come by <c>POST /v1/events</c>.</summary>
public sealed class KillByHttp(Stage stage) : KillInBatches(stage), IClassFixture<Stage>;

/// <summary>As they come by a JetStream stream.</summary>
public sealed class KillByNats(NatsStage stage) : KillInBatches(stage), IClassFixture<NatsStage>;

/// <summary>What is left of the events that a worker had in hand.</summary>
public abstract class KillInBatches(Stage stage)
{
    [Fact]
    public async Task Killed_in_the_middle_of_batches_every_accepted_event_has_its_decision_and_every_push_went_out()
    {
        var people = new List<Person>();
        for (var i = 0; i < 8; i++) people.Add(await stage.PersonAsync());
        var messages = 0;
        for (var round = 0; round < 3; round++)
        {
            var events = people.SelectMany(p => Enumerable.Range(0, 40).Select(i => p.Said($"c{i}", $"m{messages++}-{i}", messages))).ToArray();
            await stage.SendAsync(events);
            stage.Worker.KillHard();
            await stage.RestartWorkerAsync();
        }
        await stage.DecidedAsync();
        await stage.Database.AdvanceAsync(TimeSpan.FromSeconds(95)); // the lease of what was under way

        await stage.Database.WaitUntilAsync(
            "SELECT count(DISTINCT message) = $1 FROM notifier.decision WHERE channel = 'push' AND verdict = 'told'", TimeSpan.FromSeconds(60), "every push told", (long)messages);
        await stage.Database.WaitUntilAsync("SELECT NOT EXISTS (SELECT FROM notifier.push_outbox)", Stage.Soon, "an empty outbox");
        string[] ids = [.. people.Select(p => p.Id)];
        Assert.Equal(messages, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.escalation_message WHERE recipient = ANY ($1)", [ids]));
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter"));
        // One transaction decides: no message has two decisions to send.
        Assert.Equal(0, await stage.Database.ScalarAsync<long>(
            "SELECT count(*) FROM (SELECT FROM notifier.decision WHERE channel = 'push' AND verdict = 'send' GROUP BY recipient, message HAVING count(*) > 1) AS twice"));
        // A second POST only where the first worker died with it under way; and then under the same topic, which takes its place.
        foreach (var twice in stage.Push.Pushes.GroupBy(p => (p.Subscription, p.Headers["Topic"], p.Json["upTo"]!.GetValue<long>())).Where(g => g.Count() > 1))
            Assert.InRange(twice.Count(), 2, 4);
    }
}

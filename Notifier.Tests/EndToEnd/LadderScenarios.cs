using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>As events come by <c>POST /v1/events</c>.</summary>
public sealed class LadderByHttp(Stage stage) : LadderScenarios(stage), IClassFixture<Stage>;

/// <summary>As they come by a JetStream stream.</summary>
public sealed class LadderByNats(NatsStage stage) : LadderScenarios(stage), IClassFixture<NatsStage>;

/// <summary>Scenarios of docs/escalation.md on real parts: what is told, when, and what is not.</summary>
public abstract class LadderScenarios(Stage stage)
{
    private static TimeSpan Minutes(double minutes) => TimeSpan.FromMinutes(minutes);

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);

    [Fact]
    public async Task A2_A_tab_without_input_for_two_hours_gets_a_push_after_20_seconds()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("c", "m", 1, "delivered", "idle"));
        await stage.AdvanceAsync(Seconds(19));
        Assert.Equal(["push wait online_elsewhere", "email wait online_elsewhere"], await stage.WhyAsync(bob, bob.Message("m")));

        await stage.AdvanceAsync(Seconds(2));
        var push = await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon);
        Assert.Equal("Is it still available?", push.Json["body"]!.GetValue<string>());
        Assert.Equal(bob.Conversation("c"), push.Json["tag"]!.GetValue<string>());
        Assert.Equal("high", push.Headers["Urgency"]);
        Assert.Equal(32, push.Headers["Topic"].Length);
    }

    [Fact]
    public async Task A4_Seeing_one_conversation_leaves_the_other_as_it_is()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("a", "a1", 1), bob.Said("b", "b1", 1));
        await stage.PublishAsync(bob.Saw("b", 1));
        await stage.AdvanceAsync(Minutes(11));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains(bob.Conversation("a"), mail.Message.HtmlBody);
        Assert.DoesNotContain(bob.Conversation("b"), mail.Message.HtmlBody);
        Assert.Contains("email skip already_seen", await stage.WhyAsync(bob, bob.Message("b1")));
    }

    [Fact]
    public async Task A5_Seen_after_the_mail_server_took_the_recipient_nothing_is_sent_and_the_connection_lives()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Hang: true, Address: bob.Address));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(Minutes(6));
        await hang.ReachedAsync(Stage.Soon);

        await stage.PublishAsync(bob.Saw("c", 1));
        await hang.ReleaseAsync();
        await stage.WaitForAttemptAsync(bob, "withdrawn");

        Assert.DoesNotContain(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
        Assert.Contains(stage.Mail.Events.Entries, e => e is { Event: "command", Verb: "RSET" });
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email skip already_seen");
    }

    [Fact]
    public async Task A5_One_of_two_messages_seen_after_the_mail_server_took_the_recipient_the_email_tells_of_the_other_alone()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1, text: "the first"), bob.Said("c", "m2", 2, text: "the second"));
        await stage.AdvanceAsync(Minutes(6));
        await hang.ReachedAsync(Stage.Soon);

        await stage.PublishAsync(bob.Saw("c", 1));
        await hang.ReleaseAsync();

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains("the second", mail.Message.TextBody);
        Assert.DoesNotContain("the first", mail.Message.TextBody);
    }

    [Fact]
    public async Task A_message_that_came_after_the_email_was_written_is_not_told_by_it_though_it_is_the_older_one()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m2", 2, text: "the second"));
        await stage.AdvanceAsync(Minutes(6));
        await hang.ReachedAsync(Stage.Soon);

        // Said a while ago: what is just said would have the email wait for quiet, and tell of both.
        await stage.PublishAsync(bob.Said("c", "m1", 1, text: "the first", sentAt: await stage.Database.NowAsync() - Minutes(2)));
        await hang.ReleaseAsync();
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email told accepted");
        Assert.DoesNotContain("email told accepted", await stage.WhyAsync(bob, bob.Message("m1")));
        Assert.DoesNotContain("the first", Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address)).Message.TextBody);

        await stage.AdvanceAsync(Minutes(61));
        await stage.WaitForReasonAsync(bob, bob.Message("m1"), "email told accepted");
        Assert.Contains("the first", (await stage.Mail.SettledMailsAsync()).Last(m => m.RcptTo.Contains(bob.Address)).Message.TextBody);
    }

    [Fact]
    public async Task A6_Seen_before_the_message_event_came_nothing_is_sent()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Saw("c", 5));
        await stage.PublishAsync(bob.Said("c", "m", 5));
        await stage.AdvanceAsync(Minutes(60));

        Assert.Equal(["push skip already_seen", "email skip already_seen"], await stage.WhyAsync(bob, bob.Message("m")));
        await AssertNothingToldAsync(bob);
    }

    [Fact]
    public async Task A7_Coming_back_just_before_the_email_is_due_moves_it_and_does_not_cancel_it()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(Minutes(9.5));
        await stage.PublishAsync(bob.Is("online"));
        await stage.AdvanceAsync(Minutes(1));
        Assert.DoesNotContain(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));

        await stage.AdvanceAsync(Minutes(10));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
    }

    [Fact]
    public async Task A8_An_edited_message_is_told_in_its_newest_words_and_a_deleted_one_not_at_all()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.PublishAsync(bob.Said("c", "m1", 1, text: "first words"), bob.Said("c", "m2", 2, text: "to be deleted"), bob.Said("d", "m3", 3, text: "all of it deleted"));
        await stage.PublishAsync(bob.Edited("c", "m1", 1, "newest words"), bob.Deleted("c", "m2", 2), bob.Deleted("d", "m3", 3));
        await stage.AdvanceAsync(Minutes(6));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains("newest words", mail.Message.TextBody);
        Assert.DoesNotContain("first words", mail.Message.TextBody);
        Assert.DoesNotContain("deleted", mail.Message.TextBody);
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email skip deleted");
        await stage.WaitForReasonAsync(bob, bob.Message("m3"), "email skip deleted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A8_Edited_or_deleted_after_the_mail_server_took_the_recipient_a_message_is_not_mailed_in_its_old_words(bool deleted)
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1, text: "first words"), bob.Said("c", "m2", 2, text: "the second"));
        await stage.AdvanceAsync(Minutes(6));
        await hang.ReachedAsync(Stage.Soon);

        await stage.PublishAsync(deleted ? bob.Deleted("c", "m", 1) : bob.Edited("c", "m", 1, "newest words"));
        await hang.ReleaseAsync();

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.DoesNotContain("first words", mail.Message.TextBody);
        Assert.Equal(!deleted, mail.Message.TextBody!.Contains("newest words", StringComparison.Ordinal));
        Assert.Contains("the second", mail.Message.TextBody);
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Fact]
    public async Task A9_Thirty_messages_in_five_minutes_are_one_email_that_counts_all_and_shows_ten()
    {
        var bob = await stage.PersonAsync();
        var start = await stage.Database.NowAsync();
        for (var i = 0; i < 30; i++)
        {
            await stage.PublishAsync(bob.Said("c", $"m{i}", i, text: $"message number {i:00}", sentAt: start + i * Seconds(10)));
            await stage.AdvanceAsync(Seconds(10));
        }
        await stage.AdvanceAsync(Minutes(5.2));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains("message number 20", mail.Message.TextBody);
        Assert.Contains("message number 29", mail.Message.TextBody);
        Assert.DoesNotContain("message number 19", mail.Message.TextBody);
        Assert.Contains("20 more", mail.Message.TextBody);
        await stage.AdvanceAsync(Minutes(50));
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Fact]
    public async Task A10_Three_messages_a_minute_for_two_hours_are_at_most_three_emails_the_first_within_15_minutes_and_none_is_left_out()
    {
        var bob = await stage.PersonAsync();
        var start = await stage.Database.NowAsync();
        for (var minute = 0; minute < 120; minute++)
        {
            await stage.PublishAsync([.. Enumerable.Range(0, 3).Select(i => bob.Said("c", $"m{minute}-{i}", 3 * minute + i, sentAt: start + minute * Minutes(1) + i * Seconds(20)))]);
            await stage.AdvanceAsync(Minutes(1));
            await stage.SentAsync(bob);
            if (minute == 15) await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        }
        await stage.AdvanceAsync(TimeSpan.FromHours(7));

        await stage.Database.WaitUntilAsync(
            "SELECT NOT EXISTS (SELECT FROM notifier.escalation_message WHERE recipient = $1 AND coalesce(email_verdict, 0) <= 1)", Stage.Soon, "every message told by email", bob.Id);
        Assert.InRange((await stage.Mail.SettledMailsAsync()).Count(m => m.RcptTo.Contains(bob.Address)), 1, 3);
    }

    [Fact]
    public async Task A14_A_push_service_that_asks_for_less_is_left_alone_and_gets_one_message_with_a_count_afterwards()
    {
        var bob = await stage.PersonAsync();
        stage.Push.Answer(bob.Device!, new PushAnswer(429, RetryAfter: "120"));
        await stage.PublishAsync(bob.Said("c", "m1", 1));
        await stage.WaitForReasonAsync(bob, bob.Message("m1"), "push wait slow_down");
        await stage.PublishAsync(bob.Said("c", "m2", 2));
        await stage.PublishAsync(bob.Said("c", "m3", 3));
        await stage.AdvanceAsync(Seconds(115));
        Assert.Single(stage.Push.Pushes, p => p.Subscription == bob.Device!.Id);

        await stage.AdvanceAsync(Seconds(10));
        var push = await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon, after: 1);
        Assert.Equal(3, push.Json["count"]!.GetValue<int>());
        Assert.Equal("3 new messages", push.Json["body"]!.GetValue<string>());
        await stage.WaitForReasonAsync(bob, bob.Message("m3"), "push told accepted");
        Assert.Equal(2, stage.Push.Pushes.Count(p => p.Subscription == bob.Device!.Id));
    }

    [Fact]
    public async Task A15_A_subscription_registered_anew_while_the_push_service_said_gone_stays()
    {
        var bob = await stage.PersonAsync();
        var hang = stage.Push.Hang(bob.Device!, new PushAnswer(410));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await hang.ReachedAsync(Stage.Soon);
        await stage.Database.AdvanceAsync(Seconds(1));
        await bob.RegisterAsync(bob.Device!);
        hang.Release();

        await stage.WaitForReasonAsync(bob, bob.Message("m"), "push failed subscription_gone");
        Assert.Equal(1, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.push_subscription WHERE recipient = $1", bob.Id));
    }

    [Fact]
    public async Task A_subscription_that_is_gone_is_removed_and_the_email_comes_sooner()
    {
        var bob = await stage.PersonAsync();
        stage.Push.Answer(bob.Device!, new PushAnswer(410));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.Database.WaitUntilAsync("SELECT NOT EXISTS (SELECT FROM notifier.push_subscription WHERE recipient = $1)", Stage.Soon, "the subscription removed", bob.Id);
        await stage.DecidedAsync();
        await stage.AdvanceAsync(Minutes(5.1));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
    }

    [Fact]
    public async Task A18_The_whole_log_replayed_changes_nothing()
    {
        var bob = await stage.PersonAsync();
        object[] log = [bob.Said("c", "m1", 1), bob.Said("c", "m2", 2), bob.Saw("c", 1), bob.Said("d", "m3", 1)];
        await stage.PublishAsync(log);
        await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon, p => p.Json["conversation"]!.GetValue<string>() == bob.Conversation("d"));
        await stage.AdvanceAsync(Minutes(11));
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email told accepted");
        await stage.WaitForReasonAsync(bob, bob.Message("m3"), "email told accepted");
        var (mails, pushes, trace) = (await MailsAsync(), Pushes(), await TraceAsync(bob));

        await stage.PublishAsync(log);
        // The same facts under new ids, as another relay would send them.
        await stage.PublishAsync([.. log.Select(e => Person.Event((string)e.GetType().GetProperty("type")!.GetValue(e)!, e.GetType().GetProperty("data")!.GetValue(e)!))]);
        await stage.AdvanceAsync(TimeSpan.FromHours(30));

        Assert.Equal(mails, await MailsAsync());
        Assert.Equal(pushes, Pushes());
        Assert.Equal(trace.Where(IsTelling), (await TraceAsync(bob)).Where(IsTelling));

        // Of this person alone: in thirty hours others are told again.
        async Task<int> MailsAsync() => (await stage.Mail.SettledMailsAsync()).Count(m => m.RcptTo.Contains(bob.Address));
        int Pushes() => stage.Push.Pushes.Count(p => p.Subscription == bob.Device!.Id);
    }

    [Fact]
    public async Task A20_A_Hangfire_job_that_was_deleted_is_set_anew()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.PublishAsync(bob.Said("c", "m", 1));
        // Bob's alarm only: those of other tests' people are rung by hand, and would be missed there.
        Assert.True(await stage.Database.ExecuteAsync(
            """
            DELETE FROM hangfire.job j USING notifier.escalation e
            WHERE j.statename = 'Scheduled' AND e.recipient = $1 AND to_timestamp((j.arguments::jsonb ->> 0)::bigint) BETWEEN e.email_at AND e.email_at + interval '1 minute'
            """, bob.Id) > 0);
        await stage.Database.AdvanceAsync(Minutes(6));
        // Nobody rings: the sweep finds it, within 25 s.
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A21_A_link_scanner_that_opens_the_unsubscribe_link_changes_nothing_and_a_click_on_the_form_does()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(Minutes(6));
        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Equal("List-Unsubscribe=One-Click", mail.Message.Headers["List-Unsubscribe-Post"]);
        var link = new Uri(mail.Message.Headers["List-Unsubscribe"]!.Split('<', '>')[1]).PathAndQuery;

        using var anyone = new HttpClient { BaseAddress = stage.Worker.Client.BaseAddress };
        using var scanned = await anyone.GetAsync(link, TestContext.Current.CancellationToken);
        Assert.True(scanned.IsSuccessStatusCode);
        await stage.PublishAsync(bob.Said("d", "m2", 1));
        Assert.Contains("email wait delay", await stage.WhyAsync(bob, bob.Message("m2")));

        using var clicked = await anyone.PostAsync(link, new FormUrlEncodedContent([new("List-Unsubscribe", "One-Click")]), TestContext.Current.CancellationToken);
        Assert.True(clicked.IsSuccessStatusCode);
        await stage.PublishAsync(bob.Said("e", "m3", 1));
        Assert.Contains("email skip unsubscribed", await stage.WhyAsync(bob, bob.Message("m3")));
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email skip unsubscribed");
    }

    [Fact]
    public async Task The_address_that_was_refused_is_suppressed_and_not_the_one_that_the_person_has_by_then()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Reply: "550 5.1.1 no such user", Hang: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(Minutes(6));
        await hang.ReachedAsync(Stage.Soon);

        await stage.PutAsync($"/v1/sites/acme/recipients/{bob.Id}", new { email = $"new-{bob.Address}", name = bob.Id });
        await hang.ReleaseAsync();
        await stage.WaitForAttemptAsync(bob, "failed");
        await stage.AdvanceAsync(Minutes(1));

        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains($"new-{bob.Address}"), Stage.Soon);
        Assert.Equal([bob.Address], await stage.Database.ListAsync<string>("SELECT address FROM notifier.suppression WHERE address LIKE '%' || $1", bob.Address));
    }

    [Fact]
    public async Task More_than_three_conversations_due_together_are_one_digest()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.PublishAsync([.. Enumerable.Range(0, 5).Select(i => bob.Said($"c{i}", $"m{i}", 1))]);
        await stage.AdvanceAsync(Minutes(6));
        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        for (var i = 0; i < 5; i++) Assert.Contains(bob.Conversation($"c{i}"), mail.Message.HtmlBody);
        await stage.WaitForReasonAsync(bob, bob.Message("m4"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Fact]
    public async Task Conversations_that_waited_for_quiet_to_end_are_told_in_one_email()
    {
        var until = await stage.Database.NowAsync() + TimeSpan.FromHours(8);
        var bob = await stage.PersonAsync(device: false, preferences: new { doNotDisturbUntil = until });
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(Minutes(30));
        await stage.PublishAsync(bob.Said("d", "m2", 1));
        await stage.AdvanceAsync(Minutes(30));
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email wait quiet_hours");
        await stage.AdvanceAsync(Minutes(430));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.All(["c", "d"], c => Assert.Contains(bob.Conversation(c), mail.Message.HtmlBody));
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    [Fact]
    public async Task Seen_elsewhere_the_notification_is_taken_back()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "push told accepted");
        await stage.PublishAsync(bob.Saw("c", 1));
        var push = await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon, after: 1);
        Assert.Equal("dismiss", push.Json["type"]!.GetValue<string>());
        Assert.Equal("low", push.Headers["Urgency"]);
    }

    [Fact]
    public async Task An_address_that_the_server_refuses_is_suppressed_with_its_reason()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Reply: "550 5.1.1 no such user", Address: bob.Address));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(Minutes(6));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email skip address_suppressed");
        await stage.PublishAsync(bob.Said("d", "m2", 1));
        Assert.Contains("email skip address_suppressed", await stage.WhyAsync(bob, bob.Message("m2")));
    }

    [Fact]
    public async Task A_server_that_says_later_gets_the_same_mail_later()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Reply: "451 4.7.1 greylisted", Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(Minutes(6));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email wait transient");
        await stage.AdvanceAsync(Minutes(1.1));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
    }

    private static bool IsTelling(string row) => row.Contains("told") || row.Contains("send");

    private Task<List<string>> TraceAsync(Person person) => stage.Database.ListAsync<string>(
        "SELECT concat_ws(' ', message, channel, verdict, reason) FROM notifier.decision WHERE recipient = $1 ORDER BY id", person.Id);

    private async Task AssertNothingToldAsync(Person person)
    {
        Assert.DoesNotContain(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(person.Address));
        Assert.DoesNotContain(stage.Push.Pushes, p => p.Subscription == person.Device?.Id);
    }
}

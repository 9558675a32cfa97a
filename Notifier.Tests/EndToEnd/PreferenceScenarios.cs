using System.Globalization;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>What a site puts as a person's preferences, through PostgreSQL, to the mail that comes or does not.</summary>
public sealed class PreferenceScenarios(Stage stage) : IClassFixture<Stage>
{
    [Fact]
    public async Task Quiet_hours_hold_emails_until_they_end_and_urgent_passes()
    {
        // The database's clock is somewhere between yesterday and next week; the person lives where it is five and a half hours later.
        var now = TimeZoneInfo.ConvertTime(await stage.Database.NowAsync(), TimeZoneInfo.FindSystemTimeZoneById("Asia/Kolkata"));
        var bob = await PersonAsync(new { quietHours = new[] { new { days = Array.Empty<int>(), from = Clock(now.AddHours(-1)), to = Clock(now.AddHours(3)) } } });
        await stage.PublishAsync(bob.Said("c", "m", 1, text: "it can wait"));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(30));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email wait quiet_hours");
        await stage.PublishAsync(bob.Said("d", "m2", 1, text: "it burns", urgent: true));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(10));

        var first = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains("it burns", first.Message.TextBody);
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));

        await stage.AdvanceAsync(TimeSpan.FromMinutes(150));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address) && m.Message.TextBody!.Contains("it can wait", StringComparison.Ordinal), Stage.Soon);
    }

    [Fact]
    public async Task Muted_until_then_says_nothing_before_and_all_after()
    {
        var bob = await stage.PersonAsync(device: false);
        await PutAsync(bob, new { conversations = new Dictionary<string, object> { [bob.Conversation("c")] = new { mutedUntil = await stage.Database.NowAsync() + TimeSpan.FromHours(1) } } });
        await stage.PublishAsync(bob.Said("c", "m", 1, text: "into the silence"));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email skip conversation_muted");
        await stage.AdvanceAsync(TimeSpan.FromMinutes(61));
        await stage.PublishAsync(bob.Said("c", "m2", 2, text: "after it"));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(10));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains("after it", mail.Message.TextBody);
        Assert.DoesNotContain("into the silence", mail.Message.TextBody);
    }

    [Fact]
    public async Task Who_wants_mentions_only_gets_mentions_only()
    {
        var bob = await stage.PersonAsync(device: false);
        await PutAsync(bob, new { conversations = new Dictionary<string, object> { [bob.Conversation("c")] = new { level = "mentions" }, [bob.Conversation("d")] = new { level = "none" } } });
        await stage.PublishAsync(
            bob.Said("c", "m", 1, kind: "group", text: "to everybody"), bob.Said("c", "m2", 2, kind: "mention", text: "to you, Bob"), bob.Said("d", "m3", 1, kind: "mention", text: "to nobody"));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(10));

        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.Contains("to you, Bob", mail.Message.TextBody);
        Assert.DoesNotContain("to everybody", mail.Message.TextBody);
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email skip below_level");
        await stage.WaitForReasonAsync(bob, bob.Message("m3"), "email skip conversation_muted");
        await stage.WaitForReasonAsync(bob, bob.Message("m2"), "email told accepted");
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    private async Task<Person> PersonAsync(object preferences)
    {
        var bob = await stage.PersonAsync(device: false);
        await PutAsync(bob, preferences);
        return bob;
    }

    private Task PutAsync(Person person, object preferences) =>
        stage.PutAsync($"/v1/sites/acme/recipients/{person.Id}", new { email = person.Address, name = person.Id, timeZone = "Asia/Kolkata", preferences });

    private static string Clock(DateTimeOffset time) => time.ToString("HH:mm", CultureInfo.InvariantCulture);
}

using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>Between an unknown outcome and its one re-send the gate comes to say wait: the email stays the same email.</summary>
public sealed class ResendScenarios(Stage stage) : IClassFixture<Stage>
{
    [Fact]
    public async Task A_message_before_the_re_send_delays_it_and_makes_no_second_email_of_it()
    {
        var bob = await KeptAndUnknownAsync();
        await stage.PublishAsync(bob.Said("c", "m2", 2)); // the conversation is to be quiet for a minute

        await ComesOnceMoreAsync(bob, "email wait coalescing");
    }

    [Fact]
    public async Task Quiet_that_begins_before_the_re_send_delays_it_and_makes_no_second_email_of_it()
    {
        var bob = await KeptAndUnknownAsync();
        var until = await stage.Database.NowAsync() + TimeSpan.FromMinutes(3);
        await stage.PutAsync($"/v1/sites/acme/recipients/{bob.Id}", new { email = bob.Address, name = bob.Id, preferences = new { doNotDisturbUntil = until } });

        await ComesOnceMoreAsync(bob, "email wait quiet_hours");
    }

    [Fact]
    public async Task Who_lifts_their_quiet_has_the_re_send_within_the_hour()
    {
        var bob = await KeptAndUnknownAsync();
        var until = await stage.Database.NowAsync() + TimeSpan.FromDays(30);
        await stage.PutAsync($"/v1/sites/acme/recipients/{bob.Id}", new { email = bob.Address, name = bob.Id, preferences = new { doNotDisturbUntil = until } });
        await stage.AdvanceAsync(TimeSpan.FromSeconds(30));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email wait quiet_hours");
        await stage.PutAsync($"/v1/sites/acme/recipients/{bob.Id}", new { email = bob.Address, name = bob.Id, preferences = new { } });
        await stage.AdvanceAsync(TimeSpan.FromMinutes(61));

        await SameTwiceAsync(bob);
    }

    /// <summary>An email that the server kept, whose link dropped before it could say so; half a minute before the re-send.</summary>
    private async Task<Person> KeptAndUnknownAsync()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.Mail.AddAsync(new OracleFault(OracleStep.Dot, Keep: true, Drop: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await stage.Database.WaitUntilAsync(
            "SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = $1 AND state = 'data' AND lease_until IS NULL)", Stage.Soon, "an unknown outcome", bob.Id);
        await stage.AdvanceAsync(TimeSpan.FromSeconds(35));
        return bob;
    }

    private async Task ComesOnceMoreAsync(Person bob, string why)
    {
        await stage.AdvanceAsync(TimeSpan.FromSeconds(30));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), why);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(4));
        await SameTwiceAsync(bob);
    }

    private async Task SameTwiceAsync(Person bob)
    {
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email told accepted");
        var mails = (await stage.Mail.SettledMailsAsync()).Where(m => m.RcptTo.Contains(bob.Address)).Select(m => m.Message).ToArray();
        Assert.Equal(2, mails.Length);
        Assert.Equal((mails[0].MessageId, mails[0].Date), (mails[1].MessageId, mails[1].Date));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email send outcome_unknown");
        Assert.Equal("sent", await stage.Database.ScalarAsync<string>("SELECT string_agg(state, ' ') FROM notifier.email_attempt WHERE recipient = $1", bob.Id));
    }
}

using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>The command replay: what could not be used goes through the gate again.</summary>
public sealed class ReplayScenarios(Stage stage) : IClassFixture<Stage>
{
    [Fact]
    public async Task A_mail_that_was_refused_goes_out_when_it_is_replayed_unless_it_was_seen_meanwhile()
    {
        var (ada, bob) = (await stage.PersonAsync(device: false), await stage.PersonAsync(device: false));
        foreach (var person in (Person[])[ada, bob])
        {
            await stage.Mail.AddAsync(new OracleFault(OracleStep.Data, Reply: "554 5.6.0 not like this", Address: person.Address, Times: 1));
            await stage.PublishAsync(person.Said("c", "m", 1));
        }
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        foreach (var person in (Person[])[ada, bob]) await stage.WaitForReasonAsync(person, person.Message("m"), "email failed rejected");
        await stage.PublishAsync(ada.Saw("c", 1));

        var (_, listed) = await stage.RunCommandAsync("replay", "--dry-run");
        Assert.Contains("2 would be replayed.", listed);
        var (status, output) = await stage.RunCommandAsync("replay", "--reason", "rejected");
        Assert.True(status == 0 && output.Contains("2 replayed."), output);

        await stage.DecidedAsync();
        await stage.AdvanceAsync(TimeSpan.FromMinutes(1));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        Assert.DoesNotContain(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(ada.Address));
        Assert.Contains("0 would be replayed.", (await stage.RunCommandAsync("replay", "--dry-run")).Output);
    }

    [Fact]
    public async Task What_is_not_understood_is_said_in_one_line()
    {
        var (status, output) = await stage.RunCommandAsync("replay", "--everything");
        Assert.Equal(1, status);
        Assert.Contains("--everything is not understood", output);
    }
}

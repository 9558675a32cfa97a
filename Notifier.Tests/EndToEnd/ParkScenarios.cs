using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary><c>Email__OnUnknown=Park</c>: an email that may have arrived is never sent twice.</summary>
public sealed class ParkScenarios(ParkScenarios.ParkStage stage) : IClassFixture<ParkScenarios.ParkStage>
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_unknown_outcome_waits_for_an_admin_whether_the_mail_was_kept_or_not(bool kept)
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.Mail.AddAsync(new OracleFault(OracleStep.Dot, Keep: kept, Drop: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await stage.WaitForAttemptAsync(bob, "parked");

        await stage.AdvanceAsync(TimeSpan.FromHours(2));
        await stage.WaitForReasonAsync(bob, bob.Message("m"), "email wait outcome_unknown");

        await stage.WaitForAttemptAsync(bob, "parked");
        Assert.Equal(kept ? 1 : 0, (await stage.Mail.SettledMailsAsync()).Count(m => m.RcptTo.Contains(bob.Address)));
    }

    [Fact]
    public async Task So_it_is_when_the_worker_was_killed_before_the_answer()
    {
        var bob = await stage.PersonAsync(device: false);
        var hang = await stage.Mail.AddAsync(new OracleFault(OracleStep.Dot, Keep: true, Hang: true, Drop: true, Address: bob.Address, Times: 1));
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        await hang.ReachedAsync(Stage.Soon);

        stage.Worker.KillHard();
        await hang.ReleaseAsync();
        await stage.RestartWorkerAsync();
        await stage.Database.AdvanceAsync(TimeSpan.FromSeconds(65));

        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = $1 AND state = 'parked')", TimeSpan.FromSeconds(60), "a parked email", bob.Id);
        Assert.Single(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(bob.Address));
    }

    public sealed class ParkStage(PostgresCluster cluster) : Stage(cluster)
    {
        protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Email__OnUnknown"] = "Park" };
    }
}

using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary><c>Email__RatePerDomain</c>: what is over a receiving domain's rate comes later, and is none the worse for it.</summary>
public sealed class RateScenarios(RateScenarios.RateStage stage) : IClassFixture<RateScenarios.RateStage>
{
    [Fact]
    public async Task One_email_goes_and_the_other_is_held_back_without_losing_an_attempt()
    {
        var (bob, eve) = (await stage.PersonAsync(device: false), await stage.PersonAsync(device: false));
        await stage.PublishAsync(bob.Said("c", "m", 1), eve.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));

        await stage.Database.WaitUntilAsync("SELECT array_agg(state ORDER BY state) = '{retry,sent}' FROM notifier.email_attempt WHERE lease_until IS NULL", Stage.Soon, "one email sent, one held back");
        Assert.Single(await stage.Mail.SettledMailsAsync());
        Assert.Equal(0, await stage.Database.ScalarAsync<int>("SELECT attempts FROM notifier.email_attempt WHERE state = 'retry'"));
        var held = await stage.Database.ScalarAsync<string>("SELECT recipient FROM notifier.email_attempt WHERE state = 'retry'") == bob.Id ? bob : eve;
        await stage.WaitForReasonAsync(held, held.Message("m"), "email wait throttled");
    }

    public sealed class RateStage(PostgresCluster cluster) : Stage(cluster)
    {
        protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Email__RatePerDomain"] = "1" };
    }
}

using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary><c>Email__ConnectionsPerDomain</c>: a receiving domain that hangs takes its own share, and nobody else's.</summary>
public sealed class DomainScenarios(DomainScenarios.DomainStage stage) : IClassFixture<DomainScenarios.DomainStage>
{
    [Fact]
    public async Task While_one_domain_hangs_every_email_to_another_goes_out()
    {
        var slow = await PeopleAsync(24, "Slow.example");
        var quick = await PeopleAsync(6, "quick.example");
        await Task.WhenAll(slow.Select(p => stage.Mail.AddAsync(new OracleFault(OracleStep.Rcpt, Hang: true, Address: p.Address))));
        await stage.PublishAsync([.. slow.Concat(quick).Select(p => p.Said("c", "m", 1))]);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));

        foreach (var person in quick) await stage.WaitForAttemptAsync(person, "sent");
        await stage.Mail.SettledMailsAsync();
        Assert.Single(stage.Mail.Events.Entries, e => e.Event == "reached");

        await stage.Mail.ClearAsync();
        foreach (var person in slow) await stage.WaitForAttemptAsync(person, "sent");
        Assert.Equal(30, (await stage.Mail.SettledMailsAsync()).Length);
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.email_attempt WHERE attempts <> 1 OR resent"));
    }

    private async Task<List<Person>> PeopleAsync(int count, string domain)
    {
        var people = new List<Person>();
        for (var i = 0; i < count; i++)
        {
            var id = $"{domain}-{i}";
            await stage.PutAsync($"/v1/sites/acme/recipients/{id}", new { email = $"u{i}@{domain}", name = id });
            people.Add(new Person(stage, id, $"u{i}@{domain}"));
        }
        return people;
    }

    public sealed class DomainStage(PostgresCluster cluster) : Stage(cluster)
    {
        protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Email__ConnectionsPerDomain"] = "1", ["Email__Connections"] = "2" };
    }
}

using System.Net;
using System.Net.Http.Json;
using Notifier.Tests.Fixtures;
using Npgsql;
using Xunit;

namespace Notifier.Tests.EndToEnd;

/// <summary>A site with a storm, and another that has an ordinary day, in one worker.</summary>
public sealed class ShareScenarios(ShareScenarios.SharesStage stage) : IClassFixture<ShareScenarios.SharesStage>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Twenty_events_behind_thousands_of_another_site_are_decided_before_half_of_those()
    {
        await stage.Database.ExecuteAsync(
            """
            SELECT notifier.publish(jsonb_agg(jsonb_build_object('specversion', '1.0', 'id', site || n, 'source', '/sites/' || site || '/relay', 'type', 'message.outcome', 'data', jsonb_build_object(
              'site', site, 'message', jsonb_build_object('id', site || n, 'conversation', 'c' || n, 'seq', 1, 'kind', 'direct', 'sender', jsonb_build_object('id', 'ada'), 'text', 'Hello', 'sentAt', to_jsonb(now())),
              'recipients', jsonb_build_array(jsonb_build_object('id', 'u' || n, 'outcome', 'undelivered', 'presence', 'offline')))) ORDER BY site DESC, n))
            FROM (VALUES ('storm', 5000), ('calm', 20)) AS s(site, events), generate_series(1, events) AS n
            """);
        await stage.Database.WaitUntilAsync("SELECT count(DISTINCT message) = 20 FROM notifier.decision WHERE site = 'calm'", 3 * Stage.Soon, "all of the calm site decided");

        var before = await stage.Database.ScalarAsync<long>(
            "SELECT count(DISTINCT message) FROM notifier.decision WHERE site = 'storm' AND at < (SELECT max(at) FROM notifier.decision WHERE site = 'calm')");
        Assert.InRange(before, 0, 2500);
        await stage.Database.WaitUntilAsync("SELECT NOT EXISTS (SELECT FROM notifier.inbox)", 6 * Stage.Soon, "the storm decided");
    }

    [Fact]
    public async Task A_site_that_fills_half_of_the_backlog_hears_429_alone()
    {
        await using var hold = await stage.Database.DataSource.OpenConnectionAsync(Stop);
        await using var deciding = await hold.BeginTransactionAsync(Stop);
        await using (var nothing = new NpgsqlCommand("LOCK TABLE notifier.escalation IN ACCESS EXCLUSIVE MODE", hold)) await nothing.ExecuteNonQueryAsync(Stop); // is decided
        await FillAsync("flood", (SharesStage.Most / 2) + 1);
        await UntilAsync("flood", HttpStatusCode.TooManyRequests);
        Assert.Equal(HttpStatusCode.Accepted, await SendAsync("acme"));

        await FillAsync("deluge", SharesStage.Most / 2);
        await UntilAsync("acme", HttpStatusCode.TooManyRequests);
    }

    private Task<int> FillAsync(string site, int events) =>
        stage.Database.ExecuteAsync("INSERT INTO notifier.inbox (shard, site, source, event_id, body) SELECT n % 64, $1, 's', n::text, '{}' FROM generate_series(1, $2) AS n", site, events);

    private async Task<HttpStatusCode> SendAsync(string site)
    {
        using var answer = await stage.Worker.Client.PostAsJsonAsync(
            "/v1/events", new { specversion = "1.0", id = $"{Guid.NewGuid()}", source = $"/sites/{site}/relay", type = "relay.alive", data = new { site, node = "n", leaseSeconds = 9 } }, Stop);
        return answer.StatusCode;
    }

    private async Task UntilAsync(string site, HttpStatusCode status)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var tries = 0; await SendAsync(site) != status; tries++)
        {
            Assert.True(tries < 400, $"{site}: {status}");
            await timer.WaitForNextTickAsync(Stop);
        }
    }

    public sealed class SharesStage(PostgresCluster cluster) : Stage(cluster)
    {
        public const int Most = 2000;

        protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Intake__MaxBacklog"] = $"{Most}" };
    }
}

using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Notifier.Tests.Docs;
using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Tests.EndToEnd;

/// <summary>The door that is a JetStream stream: what is taken, what is set aside, and who may send for whom.</summary>
public sealed class NatsDoorScenarios(NatsDoorScenarios.TwoSites stage) : IClassFixture<NatsDoorScenarios.TwoSites>
{
    private const string Acme = "notifier.events.acme";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_event_again_and_by_the_other_door_is_one_event_once()
    {
        var bob = await stage.PersonAsync();
        object[] said = [bob.Said("c", "m", 1)];
        await stage.PublishAsync(said);
        await stage.PublishAsync(said);
        await stage.PublishAsync([.. said, .. said]);
        using var answer = await stage.Worker.Client.PostAsJsonAsync("/v1/events", said, Stop);
        Assert.Equal("""{"accepted":0,"duplicates":1}""", await answer.Content.ReadAsStringAsync(Stop));
        Assert.Equal(1, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.decision WHERE message = $1 AND channel = 'push' AND verdict = 'send'", bob.Message("m")));
    }

    [Fact]
    public async Task What_cannot_be_read_is_set_aside_once_and_acknowledged_and_the_good_events_beside_it_are_taken()
    {
        var bob = await stage.PersonAsync();
        await stage.SendAsync(Acme, "{");
        await stage.SendAsync(Acme, "");
        await stage.SendAsync(Acme, [0xff, 0x00, 0x22]);
        await stage.SendAsync(Acme, Encoding.Latin1.GetBytes(JsonSerializer.Serialize(bob.Saw("c", 1)).Replace("{\"specversion", "{\"x\":\"\u00ff\",\"specversion", StringComparison.Ordinal)));
        await stage.SendAsync(Acme, JsonSerializer.Serialize(new[] { bob.Said("c", "good", 1), Person.Event("conversation.seen", new { site = "acme", recipient = bob.Id, seq = 1 }) }));
        await stage.PublishAsync(bob.Said("c", "behind them", 2));

        Assert.Contains("push send unseen", await stage.WhyAsync(bob, bob.Message("good")));
        Assert.Contains("push send unseen", await stage.WhyAsync(bob, bob.Message("behind them")));
        Assert.Equal(
            ["$ is not JSON: line 1, byte 1", "$ is not JSON: line 1, byte 1", "$ is not JSON: line 1, byte 2", "$ must be UTF-8 (RFC 8259 section 8.1)", "$.data.conversation is missing"],
            await stage.Database.ListAsync<string>("SELECT detail FROM notifier.dead_letter WHERE reason = 'unreadable' AND site = 'acme' AND source = 'nats:NOTIFIER' ORDER BY detail"));
    }

    [Fact]
    public async Task An_unknown_type_is_a_dead_letter_with_its_reason_as_at_the_other_doors()
    {
        await stage.PublishAsync(Person.Event("weather.over.nats", new { site = "acme" }));
        Assert.Equal("unknown_type", await stage.Database.ScalarAsync<string>("SELECT reason FROM notifier.dead_letter WHERE body LIKE '%weather.over.nats%'"));
    }

    [Fact]
    public async Task An_event_of_another_site_than_its_subject_names_is_set_aside_and_no_replay_lets_it_in()
    {
        var bob = await stage.PersonAsync();
        object foreign = bob.Said("c", "foreign", 1);
        await stage.SendAsync("notifier.events.beta", JsonSerializer.Serialize(new[] { foreign }));
        await stage.SendAsync(Acme, JsonSerializer.Serialize(new { specversion = "1.0", id = "foreign-1", source = "/sites/beta/relay", type = "relay.alive", data = new { site = "acme", node = "n", leaseSeconds = 9 } }));
        await stage.DecidedAsync();
        const string letters = "SELECT detail FROM notifier.dead_letter WHERE reason = 'foreign' AND site IS NULL AND replayed_at IS NULL ORDER BY 1";
        Assert.Equal(
            [
                "$.data.site is not of the site that the subject names: notifier.events.beta",
                "$.source is not of the site that the subject names: notifier.events.acme",
            ],
            await stage.Database.ListAsync<string>(letters));

        var (status, output) = await stage.RunCommandAsync("replay", "--reason", "foreign");
        Assert.True(status == 0 && output.Contains("2 replayed."), output);
        await stage.DecidedAsync();
        Assert.Equal(2, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter WHERE reason = 'unreadable' AND body LIKE '%\"subject\"%' AND replayed_at IS NULL"));
        // It is not poisoned either: as its own site's it is taken.
        await stage.PublishAsync(foreign);
        Assert.Contains("push send unseen", await stage.WhyAsync(bob, bob.Message("foreign")));
        Assert.Equal(1, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.decision WHERE message = $1 AND channel = 'push' AND verdict = 'send'", bob.Message("foreign")));
    }

    [Fact]
    public async Task The_example_of_the_page_is_taken()
    {
        var page = await File.ReadAllTextAsync(Repository.File("docs/relay-events.md"), Stop);
        var from = page.IndexOf("event='", StringComparison.Ordinal);
        var example = page[from..page.IndexOf("```", from, StringComparison.Ordinal)];
        await Tool.RunAsync("/", "bash", "-c", example.Replace("/4222", $"/{stage.Server.Port}", StringComparison.Ordinal));
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.seen_mark WHERE recipient = 'u-2' AND conversation = 'c-9' AND seq = 41)", Stage.Soon, "the example's mark");
    }

    [Fact]
    public async Task A_site_whose_id_has_a_dot_is_percent_encoded_in_the_subject()
    {
        await stage.SendAsync("notifier.events.acme%2Eexample", JsonSerializer.Serialize(new { specversion = "1.0", id = "dotted", source = "/sites/acme.example/relay", type = "relay.alive", data = new { site = "acme.example", node = "dotted", leaseSeconds = 9 } }));
        await stage.DecidedAsync();
        Assert.Equal("acme.example", await stage.Database.ScalarAsync<string>("SELECT site FROM notifier.relay_node WHERE node = 'dotted'"));
    }

    [Fact]
    public async Task A_publisher_of_one_site_is_refused_by_NATS_itself_on_the_subject_of_another()
    {
        await using var beta = new NatsConnection(new NatsOpts { Url = stage.Server.Url, AuthOpts = new NatsAuthOpts { Username = "beta", Password = "beta-secret" }, RequestTimeout = TimeSpan.FromSeconds(2) });
        var context = new NatsJSContext(beta);
        var alive = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { specversion = "1.0", id = "own", source = "/sites/beta/relay", type = "relay.alive", data = new { site = "beta", node = "of-beta", leaseSeconds = 9 } }));
        (await context.PublishAsync("notifier.events.beta", alive, cancellationToken: Stop)).EnsureSuccess();
        await Assert.ThrowsAnyAsync<NatsException>(async () => (await context.PublishAsync(Acme, alive, cancellationToken: Stop)).EnsureSuccess());
        await stage.DecidedAsync();
        Assert.Equal(1, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.relay_node WHERE node = 'of-beta'"));
    }

    [Fact]
    public async Task With_the_backlog_over_its_limit_nothing_is_fetched_until_it_is_below()
    {
        var bob = await stage.PersonAsync();
        await using var hold = await stage.Database.DataSource.OpenConnectionAsync(Stop);
        await using (var deciding = await hold.BeginTransactionAsync(Stop))
        {
            await ExecuteAsync(hold, "LOCK TABLE notifier.escalation IN ACCESS EXCLUSIVE MODE"); // nothing is decided
            await stage.SendAsync([.. Enumerable.Range(0, TwoSites.Most + 1).Select(i => bob.Said("c", $"first-{i}", i))]);
            await stage.ConsumerAsync(c => c is { NumPending: 0, NumAckPending: 0, NumWaiting: 0 }, "no pull waits at the server");
            for (var i = 0; i < 20; i++) await stage.SendAsync(bob.Said("c", $"later-{i}", 100 + i));
            using var refused = await stage.Worker.Client.PostAsJsonAsync("/v1/events", Array.Empty<object>(), Stop);
            Assert.Equal(System.Net.HttpStatusCode.TooManyRequests, refused.StatusCode); // the other door says so, by the same limit
            var consumer = await stage.ConsumerAsync();
            Assert.Equal((20UL, 0), (consumer.NumPending, consumer.NumAckPending));
        }
        await stage.DecidedAsync();
        Assert.Equal(TwoSites.Most + 21, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.escalation_message WHERE recipient = $1", bob.Id));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }

    /// <summary>A server with permissions: the worker's user, and one of a site, which may publish for that site only.</summary>
    public sealed class TwoSites(PostgresCluster cluster) : NatsStage(cluster)
    {
        public const int Most = 50;

        protected override string ServerConfig =>
            """
            no_auth_user: "any"
            authorization {
              users: [
                { user: "any", password: "any-secret" }
                { user: "worker", password: "worker-secret", permissions: {
                    publish: ["$JS.API.STREAM.INFO.NOTIFIER", "$JS.API.STREAM.CREATE.NOTIFIER", "$JS.API.CONSUMER.*.NOTIFIER.>", "$JS.API.CONSUMER.MSG.NEXT.NOTIFIER.>", "$JS.ACK.NOTIFIER.>"]
                    subscribe: ["_INBOX.>"] } }
                { user: "beta", password: "beta-secret", permissions: { publish: ["notifier.events.beta"], subscribe: ["_INBOX.>"] } }
              ]
            }
            """;

        protected override Dictionary<string, string> Settings() =>
            new(base.Settings()) { ["Nats__User"] = "worker", ["Nats__Password"] = "worker-secret", ["Intake__MaxBacklog"] = $"{Most}", ["Nats__Lanes"] = "1" };
    }
}

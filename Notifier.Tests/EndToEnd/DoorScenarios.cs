using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Notifier.Domain;
using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Tests.EndToEnd;

/// <summary>The doors: what is taken, what is refused, and that nothing which comes in can hold up what comes behind it.</summary>
public sealed class DoorScenarios(Stage stage) : IClassFixture<Stage>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_event_twice_is_one_event_once()
    {
        var bob = await stage.PersonAsync();
        var said = bob.Said("c", "m", 1);
        Assert.Equal((1, 0), await PostAsync([said]));
        Assert.Equal((0, 1), await PostAsync([said]));
        Assert.Equal((1, 2), await PostAsync([said, bob.Said("c", "m2", 2), said]));
        Assert.Equal((0, 0), await PostAsync([]));
    }

    [Fact]
    public async Task A_message_for_a_hundred_people_reaches_each_of_them_by_either_door()
    {
        static object Group(string id, string prefix) => new
        {
            specversion = "1.0",
            id,
            source = "/sites/acme/relay-1",
            type = "message.outcome",
            data = new
            {
                site = "acme",
                message = new { id, conversation = id, seq = 1, kind = "group", sender = new { id = "ada" }, text = "to all" },
                recipients = Enumerable.Range(0, 100).Select(i => new { id = $"{prefix}-{i}", outcome = "undelivered", presence = "offline" }),
            },
        };
        Assert.Equal((1, 0), await PostAsync([Group("by-http", "h")]));
        Assert.Equal(1, await stage.Database.ScalarAsync<int>("SELECT notifier.publish($1::jsonb)", System.Text.Json.JsonSerializer.Serialize(Group("by-sql", "s"))));
        await stage.DecidedAsync();
        foreach (var message in (string[])["by-http", "by-sql"])
            Assert.Equal(100, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.escalation_message WHERE message = $1", message));
    }

    [Fact]
    public async Task One_bad_event_in_a_batch_is_named_and_nothing_of_the_batch_is_stored()
    {
        var bob = await stage.PersonAsync();
        using var answer = await stage.Worker.Client.PostAsJsonAsync("/v1/events", new[] { bob.Said("c", "good", 1), Person.Event("conversation.seen", new { site = "acme", recipient = bob.Id, seq = 1 }) }, Stop);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!;
        Assert.Equal("$[1].data.conversation", problem["member"]!.GetValue<string>());
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.message WHERE id = $1", bob.Message("good")));
    }

    [Theory]
    [InlineData("{", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("null", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("[1]", "application/cloudevents-batch+json", HttpStatusCode.BadRequest)]
    [InlineData("{}", "text/plain", HttpStatusCode.UnsupportedMediaType)]
    public async Task What_is_no_event_is_refused(string body, string type, HttpStatusCode status)
    {
        using var content = new StringContent(body, Encoding.UTF8, type);
        using var answer = await stage.Worker.Client.PostAsync("/v1/events", content, Stop);
        Assert.Equal(status, answer.StatusCode);
        Assert.NotEmpty(JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!["detail"]!.GetValue<string>());
    }

    [Fact]
    public async Task More_than_four_megabytes_and_more_than_a_thousand_events_are_refused()
    {
        using var big = new StringContent("\"" + new string('x', 5_000_000) + "\"", Encoding.UTF8, "application/json");
        // A server that has heard enough closes; a client hears its answer only if it asks before it sends.
        using var asking = new HttpRequestMessage(HttpMethod.Post, "/v1/events") { Content = big, Headers = { ExpectContinue = true } };
        using var tooLarge = await stage.Worker.Client.SendAsync(asking, Stop);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);

        using var tooMany = await stage.Worker.Client.PostAsJsonAsync("/v1/events", Enumerable.Range(0, 1001), Stop);
        Assert.Equal(HttpStatusCode.BadRequest, tooMany.StatusCode);
    }

    [Fact]
    public async Task Without_the_key_nobody_gets_in()
    {
        using var stranger = new HttpClient { BaseAddress = stage.Worker.Client.BaseAddress };
        using var without = await stranger.PostAsJsonAsync("/v1/events", Array.Empty<object>(), Stop);
        Assert.Equal(HttpStatusCode.Unauthorized, without.StatusCode);
        stranger.DefaultRequestHeaders.Authorization = new("Bearer", "another-key");
        using var wrong = await stranger.PostAsJsonAsync("/v1/events", Array.Empty<object>(), Stop);
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
    }

    [Fact]
    public async Task An_unknown_type_is_kept_as_a_dead_letter_with_its_reason()
    {
        await PostAsync([Person.Event("weather.changed", new { site = "acme" })]);
        await stage.DecidedAsync();
        var letters = await stage.Database.RowsAsync("SELECT reason, detail FROM notifier.dead_letter WHERE body LIKE '%weather.changed%'");
        var letter = Assert.Single(letters);
        Assert.Equal("unknown_type", letter[0]);
        Assert.Contains("weather.changed", (string)letter[1]!);
    }

    [Fact]
    public async Task An_event_that_claims_to_be_one_of_our_own_is_unknown()
    {
        await PostAsync([Person.Event("notifier.email.finished", new { site = "acme", recipient = "bob" })]);
        await stage.Database.ExecuteAsync("SELECT notifier.publish($1::jsonb)", """{"RecipientChanged":{"Site":"acme","Recipient":"bob","At":"2026-01-01T00:00:00Z"}}""");
        await stage.DecidedAsync();
        Assert.Equal(2, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter WHERE body LIKE '%notifier.email.finished%' OR body LIKE '%RecipientChanged%'"));
    }

    [Fact]
    public async Task Ten_thousand_malformed_events_are_each_a_400_or_a_dead_letter_with_its_reason_and_hold_nothing_up()
    {
        var bob = await stage.PersonAsync();
        var events = new List<string>();
        Malformed.Gen.Sample(e => { lock (events) events.Add(e); }, iter: 10_000, threads: 1);

        await Parallel.ForEachAsync(events.Take(5_000), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = Stop }, async (e, stop) =>
        {
            using var content = new StringContent(e, Encoding.UTF8, "application/json");
            using var answer = await stage.Worker.Client.PostAsync("/v1/events", content, stop);
            if (answer.StatusCode == HttpStatusCode.Accepted) return; // the mutation spared what counts, or made a type that is kept
            Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
            var detail = JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop))!["detail"]!.GetValue<string>();
            Assert.StartsWith("$", detail);
        });

        var published = 0;
        foreach (var chunk in events.Skip(5_000).Chunk(500))
            try
            {
                published += await stage.Database.ScalarAsync<int>("SELECT notifier.publish($1::jsonb)", $"[{string.Join(',', chunk)}]");
            }
            catch (PostgresException e) when (e.SqlState is "22P05" or "22P02")
            {
                // One of them is text that PostgreSQL refuses by itself: one by one, then.
                foreach (var one in chunk)
                    try
                    {
                        published += await stage.Database.ScalarAsync<int>("SELECT notifier.publish($1::jsonb)", one);
                    }
                    catch (PostgresException refused) when (refused.SqlState is "22P05" or "22P02")
                    {
                    }
            }
        Assert.InRange(published, 1_000, 5_000);

        await stage.PublishAsync(bob.Said("c", "behind them all", 1));
        Assert.Contains("push send unseen", await stage.WhyAsync(bob, bob.Message("behind them all")));
        Assert.True(await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter") > 1_000);
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter WHERE reason = 'undecidable' OR detail NOT LIKE '$%' OR reason = ''"));
        Assert.False(stage.Worker.Output.Contains("could not be decided", StringComparison.Ordinal), stage.Worker.Output);
    }

    [Fact]
    public async Task The_relays_role_may_publish_and_nothing_else()
    {
        await using var connection = await stage.Database.DataSource.OpenConnectionAsync(Stop);
        await RunAsync("SET ROLE notifier_relay");
        Assert.Equal(1, (int)(await RunAsync($$"""SELECT notifier.publish('{"specversion":"1.0","source":"role","id":"1","type":"x"}')"""))!);
        foreach (var forbidden in (string[])
        [
            "SELECT * FROM notifier.inbox", "INSERT INTO notifier.inbox (shard, body) VALUES (0, '{}')", "SELECT * FROM notifier.recipient", "DELETE FROM notifier.dead_letter",
            "SELECT notifier.accept(ARRAY['a'], ARRAY['b'], ARRAY[0]::smallint[], ARRAY['c'])", "SELECT notifier.tidy()", "SELECT * FROM hangfire.job",
            "INSERT INTO hangfire.job (invocationdata, arguments, createdat) VALUES ('{}', '[]', now())", "CREATE TABLE notifier.mine ()",
        ])
            Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => RunAsync(forbidden))).SqlState);

        async Task<object?> RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync(Stop);
        }
    }

    [Fact]
    public async Task Both_languages_put_a_key_into_the_same_shard()
    {
        var keys = Gen.Select(Gen.String[0, 20], Gen.String[0, 20]).Where((a, b) => !$"{a}{b}".Contains('\0') && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(a + b)) == a + b).Array[500].Single();
        foreach (var (site, key) in keys)
            Assert.Equal(Shard.Of(site, key), await stage.Database.ScalarAsync<short>("SELECT notifier.shard_of($1, $2)", site, key));
    }

    private async Task<(int Accepted, int Duplicates)> PostAsync(object[] events)
    {
        using var answer = await stage.Worker.Client.PostAsJsonAsync("/v1/events", events, Stop);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        var counts = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!;
        return (counts["accepted"]!.GetValue<int>(), counts["duplicates"]!.GetValue<int>());
    }
}

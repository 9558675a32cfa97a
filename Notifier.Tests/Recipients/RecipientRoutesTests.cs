using System.Text;
using Notifier.Domain;
using Notifier.Tests.Api;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Recipients;

public sealed class RecipientRoutesTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Whole =
        """
        { "email": "ada@acme.example", "name": "Ada", "locale": "pt-BR", "timeZone": "Europe/Paris", "unknown": [1],
          "preferences": { "email": true, "push": false, "emailDelay": "00:05:00", "unknown": 1,
            "quietHours": [{ "days": [1, 2], "from": "22:00", "to": "07:00" }],
            "conversations": { "c-9": { "level": "mentions", "mutedUntil": null }, "c-10": { "level": "all" } } } }
        """;

    private Task<Answer> PutAsync(string id, string json) => api.Host.SendAsync(HttpMethod.Put, $"/v1/sites/acme/recipients/{id}", json);

    private async Task<string> RowAsync(string id) => await api.Database.ScalarAsync<string>(
        "SELECT concat_ws('|', email, name, locale, time_zone, preferences::text) FROM notifier.recipient WHERE site = 'acme' AND id = $1", id);

    private async Task<List<RelayEvent?>> EventsAsync(string id) =>
        [.. (await api.Database.ListAsync<string>("SELECT body FROM notifier.inbox WHERE shard = $1 AND source IS NULL ORDER BY id", Shard.Of("acme", id))).Select(b => OwnEvents.Read(Encoding.UTF8.GetBytes(b)))];

    [Fact]
    public async Task What_the_site_says_of_a_person_is_kept_and_what_nobody_knows_is_not()
    {
        var answer = await PutAsync("whole", Whole);

        Assert.Equal((204, ""), (answer.Status, answer.Body));
        Assert.Equal(
            """ada@acme.example|Ada|pt-BR|Europe/Paris|{"push": false, "emailDelay": "00:05:00", "quietHours": [{"to": "07:00", "days": [1, 2], "from": "22:00"}], "conversations": {"c-9": {"level": "mentions"}}}""",
            await RowAsync("whole"));
    }

    [Fact]
    public async Task A_second_call_replaces_all_of_it()
    {
        await PutAsync("again", Whole);

        Assert.Equal(204, (await PutAsync("again", """{ "name": "Ada L." }""")).Status);

        Assert.Equal("Ada L.|{}", await RowAsync("again"));
    }

    [Fact]
    public async Task Open_escalations_are_decided_anew_after_a_change_and_only_then()
    {
        await PutAsync("changes", Whole);
        await PutAsync("changes", Whole);
        Assert.Single(await EventsAsync("changes"));

        await PutAsync("changes", "{}");

        var events = (await EventsAsync("changes")).Cast<RelayEvent.RecipientChanged>().ToArray();
        Assert.Equal(2, events.Length);
        Assert.All(events, e => Assert.Equal(("acme", "changes"), (e.Site, e.Recipient)));
    }

    [Fact]
    public async Task A_change_rings_the_doorbell()
    {
        await using var listener = await api.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        var rung = new TaskCompletionSource<string>();
        listener.Notification += (_, notified) => rung.TrySetResult(notified.Channel);
        await using (var listen = new Npgsql.NpgsqlCommand("LISTEN notifier_inbox", listener)) await listen.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await PutAsync("rings", Whole);

        Assert.True(await listener.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Equal("notifier_inbox", await rung.Task);
    }

    [Theory]
    [InlineData("""[]""", "$")]
    [InlineData("""{ "email": 1 }""", "$.email")]
    [InlineData("""{ "email": "ada" }""", "$.email")]
    [InlineData("""{ "email": "Ada <ada@acme.example>" }""", "$.email")]
    [InlineData("""{ "email": "ada@acme.example, bob@acme.example" }""", "$.email")]
    [InlineData("""{ "email": "ada@acme.example\r\nBcc: bob@acme.example" }""", "$.email")]
    [InlineData("""{ "email": "ada@acme.example\u202e" }""", "$.email")]
    [InlineData("""{ "email": "ada@[127.0.0.1]" }""", "$.email")]
    [InlineData("""{ "email": "ada @acme.example" }""", "$.email")]
    [InlineData("""{ "email": "ada@acme.example." }""", "$.email")]
    [InlineData("""{ "email": "\"ada lovelace\"@acme.example" }""", "$.email")]
    [InlineData("""{ "email": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@acme.example" }""", "$.email")]
    [InlineData("""{ "name": "Ada\nBob" }""", "$.name")]
    [InlineData("""{ "name": "Ada\u0000" }""", "$.name")]
    [InlineData("""{ "name": "Ada\ud800" }""", "$.name")]
    [InlineData("""{ "locale": "en_US" }""", "$.locale")]
    [InlineData("""{ "timeZone": "Pacific Standard Time" }""", "$.timeZone")]
    [InlineData("""{ "timeZone": "Nowhere/Land" }""", "$.timeZone")]
    [InlineData("""{ "timeZone": "../../../etc/passwd" }""", "$.timeZone")]
    [InlineData("""{ "preferences": [] }""", "$.preferences")]
    [InlineData("""{ "preferences": { "email": "yes" } }""", "$.preferences.email")]
    [InlineData("""{ "preferences": { "push": 0 } }""", "$.preferences.push")]
    [InlineData("""{ "preferences": { "emailDelay": "00:00:59" } }""", "$.preferences.emailDelay")]
    [InlineData("""{ "preferences": { "emailDelay": "1.00:00:01" } }""", "$.preferences.emailDelay")]
    [InlineData("""{ "preferences": { "emailDelay": "10 minutes" } }""", "$.preferences.emailDelay")]
    [InlineData("""{ "preferences": { "quietHours": {} } }""", "$.preferences.quietHours")]
    [InlineData("""{ "preferences": { "quietHours": [{ "days": [1, 8], "from": "22:00", "to": "07:00" }] } }""", "$.preferences.quietHours[0].days[1]")]
    [InlineData("""{ "preferences": { "quietHours": [{ "from": "22:00", "to": "07:00" }, { "from": "10pm", "to": "07:00" }] } }""", "$.preferences.quietHours[1].from")]
    [InlineData("""{ "preferences": { "quietHours": [{ "from": "22:00" }] } }""", "$.preferences.quietHours[0].to")]
    [InlineData("""{ "preferences": { "conversations": { "c-9": { "level": "some" } } } }""", "$.preferences.conversations.c-9.level")]
    [InlineData("""{ "preferences": { "conversations": { "c-9": { "mutedUntil": "tomorrow" } } } }""", "$.preferences.conversations.c-9.mutedUntil")]
    [InlineData("""{ "preferences": { "conversations": { "c\u0000": { "level": "none" } } } }""", "$.preferences.conversations")]
    [InlineData("""{ "preferences": { "conversations": { "\ud800": { "level": "none" } } } }""", "$.preferences.conversations")]
    [InlineData("""{ "\ud800": 1 }""", "$")]
    public async Task A_bad_member_is_named_and_nothing_is_kept(string body, string member)
    {
        var detail = (await PutAsync("bad", body)).AssertProblem(422, member);

        Assert.StartsWith(member, detail, StringComparison.Ordinal);
        Assert.Equal(0, await api.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.recipient WHERE id = 'bad'"));
    }

    [Theory]
    [InlineData("""{ "email": "ada+chat@mail.acme.example" }""")]
    [InlineData("""{ "email": "bob@bücher.example" }""")]
    [InlineData("""{ "email": "", "name": "" }""")]
    [InlineData("""{ "email": null, "preferences": null }""")]
    [InlineData("""{ "timeZone": "UTC", "locale": "zh-Hant-TW" }""")]
    [InlineData("""{ "preferences": { "emailDelay": "00:01:00" } }""")]
    [InlineData("""{ "preferences": { "emailDelay": "1.00:00:00", "quietHours": [] } }""")]
    public async Task What_is_unusual_but_right_is_taken(string body) => Assert.Equal(204, (await PutAsync("unusual", body)).Status);

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("""{ "email": "ada@acme.example" } x""")]
    [InlineData("""{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{}}}}}}}}}}}}}}}}}""")]
    public async Task What_is_not_JSON_of_16_levels_is_refused_as_such(string body) => (await PutAsync("bad", body)).AssertProblem(400, "$");

    [Fact]
    public async Task A_body_over_64_KiB_is_refused() =>
        (await PutAsync("bad", $$"""{ "unknown": "{{new string('x', 64 * 1024)}}" }""")).AssertProblem(413);

    [Fact]
    public async Task An_id_may_hold_a_slash_a_percent_sign_and_words_of_any_language()
    {
        foreach (var (written, id) in new[] { ("a%2Fb", "a/b"), ("a%252Fb", "a%2Fb"), ("100%25", "100%"), ("%E3%81%82+", "あ+") })
        {
            Assert.Equal(204, (await PutAsync(written, "{}")).Status);
            Assert.Equal("{}", await RowAsync(id));
        }
    }

    [Theory]
    [InlineData("/v1/sites/acme/recipients/a%0Ab", "id")]
    [InlineData("/v1/sites/ac%7Fme/recipients/a", "site")]
    public async Task An_id_with_a_control_character_is_refused(string path, string member)
    {
        (await api.Host.SendAsync(HttpMethod.Put, path, "{}")).AssertProblem(400, member);
        (await api.Host.SendAsync(HttpMethod.Delete, path)).AssertProblem(400, member);
    }

    [Fact]
    public async Task An_id_that_is_too_long_is_refused()
    {
        Assert.Equal(204, (await PutAsync(new string('a', 200), "{}")).Status);
        (await PutAsync(new string('a', 201), "{}")).AssertProblem(400, "id");
        (await api.Host.SendAsync(HttpMethod.Put, $"/v1/sites/{new string('s', 101)}/recipients/a", "{}")).AssertProblem(400, "site");
    }

    [Fact]
    public async Task In_development_any_delay_goes()
    {
        await using var host = await ApiHost.StartAsync(api.Database.WorkerConnectionString, "Development");
        const string Short = """{ "preferences": { "emailDelay": "00:00:05" } }""";

        Assert.Equal(204, (await host.SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/dev", Short)).Status);
        (await host.SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/dev", Short.Replace("05", "00", StringComparison.Ordinal))).AssertProblem(422, "$.preferences.emailDelay");
    }

    [Fact]
    public async Task Whoever_unsubscribed_stays_so_until_the_site_switches_emails_off_and_on()
    {
        await PutAsync("unsubscribed", """{ "email": "ada@acme.example" }""");
        await api.Database.ExecuteAsync("UPDATE notifier.recipient SET unsubscribed_at = now() WHERE id = 'unsubscribed'");
        var isUnsubscribed = () => api.Database.ScalarAsync<bool>("SELECT unsubscribed_at IS NOT NULL FROM notifier.recipient WHERE id = 'unsubscribed'");

        await PutAsync("unsubscribed", """{ "email": "ada@acme.example", "name": "Ada", "preferences": { "email": true } }""");
        Assert.True(await isUnsubscribed());

        await PutAsync("unsubscribed", """{ "email": "ada@acme.example", "preferences": { "email": false } }""");
        Assert.True(await isUnsubscribed());

        await PutAsync("unsubscribed", """{ "email": "ada@acme.example", "preferences": { "email": true } }""");
        Assert.False(await isUnsubscribed());
    }

    [Fact]
    public async Task While_the_database_is_away_the_caller_is_told_to_come_again()
    {
        await using var host = await ApiHost.StartAsync("Host=127.0.0.1;Port=1;Username=nobody;Timeout=2");

        var answer = await host.SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/a", "{}");

        answer.AssertProblem(503);
        Assert.Equal("5", answer.Header("Retry-After"));
    }
}

using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Notifier.Tests.Fixtures;
using Notifier.Tests.Recipients;
using Notifier.Tests.Relay;

namespace Notifier.Tests.EndToEnd;

/// <summary>A word in everything that is somebody's, through the whole ladder and its failures: nothing that worker and relay say has it in it, and once everybody is erased no row.</summary>
public sealed class CanaryScenarios(CanaryScenarios.CanaryStage stage) : IClassFixture<CanaryScenarios.CanaryStage>
{
    private const string Word = "canary";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private readonly List<Person> _people = [];

    [Fact]
    public async Task Nothing_of_a_person_or_a_key_is_in_what_worker_and_relay_say_whatever_fails_nor_in_any_row_once_they_are_erased()
    {
        // Push messages: taken, and refused in every way, with an answer that repeats what it was sent.
        foreach (var status in (int[])[201, 400, 403, 404, 410, 413, 429, 500, 302])
        {
            var person = await PersonAsync(device: true);
            if (status != 201) stage.Push.Answer(person.Device!, new PushAnswer(status, status == 429 ? "1" : null, $"not for {person.Device!.Json}"));
            await stage.PublishAsync(Said(person));
            await stage.Push.WaitForPushAsync(person.Device!, Stage.Soon);
        }

        // Emails: sent, and refused with the address in the answer.
        foreach (var fault in (OracleFault?[])[null, new(OracleStep.Rcpt, Reply: "550 5.1.1 no such user"), new(OracleStep.Rcpt, Reply: "451 4.2.0 later"), new(OracleStep.Dot, Reply: "554 5.6.0 no"), new(OracleStep.Dot, Drop: true), new(OracleStep.Mail, Reply: "421 4.3.2 bye")])
        {
            var person = await PersonAsync(device: false);
            var met = fault is null ? null : await stage.Mail.AddAsync(fault with { Times = 1, Reply = fault.Reply is null ? null : $"{fault.Reply} <{Address(person)}>" });
            await stage.PublishAsync(Said(person));
            await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
            if (met is not null) await met.ReachedAsync(Stage.Soon);
            if (fault is { Drop: true })
            {
                await stage.WaitForReasonAsync(person, person.Message("m"), "email send outcome_unknown");
                await stage.AdvanceAsync(TimeSpan.FromMinutes(2)); // it is sent once more
            }
            await stage.SentAsync(person);
            await stage.Mail.ClearAsync();
        }

        await RelayAsync();
        var pages = new StringBuilder();
        foreach (var page in _people.SelectMany(p => new[] { $"why?q={p.Id}", $"why?q={p.Message("m")}" }).Concat(["dead-letters", "suppressed-addresses", "pending-emails", "sites", "rates"]))
            pages.AppendLine(await PageAsync(stage.Worker, $"/hangfire/{page}"));
        Assert.Contains("c***@example.org", pages.ToString(), StringComparison.Ordinal);
        Assert.Contains("not for", pages.ToString(), StringComparison.Ordinal); // what a push service said is there, and what it repeated is not

        await EraseAsync();
        await BadInputAsync();

        foreach (var page in (string[])["/metrics", "/hangfire", "/hangfire/pending-emails", "/hangfire/jobs/failed", "/hangfire/jobs/succeeded", "/hangfire/jobs/scheduled", "/hangfire/servers", "/hangfire/retries", "/health/ready"])
            pages.AppendLine(await PageAsync(stage.Worker, page));
        foreach (var page in (string[])["/metrics", "/health/ready"]) pages.AppendLine(await PageAsync(stage.Relay, page));
        Assert.Contains("notifier_push_total", pages.ToString(), StringComparison.Ordinal);
        foreach (var name in (string[])["notifier.accept", "notifier.decide", "notifier.push", "notifier.email"]) await stage.Spans.WaitForAsync(s => s.Name == name, Stage.Soon, $"a span {name}");

        string[] texts = [pages.ToString(), stage.Worker.Output, stage.Relay.Output, .. stage.Spans.Entries.Select(s => s.Raw)];
        foreach (var text in texts)
        {
            Assert.DoesNotContain(text.Split((char)10), line => line.Contains(Word, StringComparison.OrdinalIgnoreCase));
            foreach (var secret in stage.Secrets.Concat(_people.Where(p => p.Device is not null).SelectMany(p => Secrets(p.Device!)))) Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
            Assert.DoesNotContain("/push/", text, StringComparison.Ordinal); // endpoints
        }
    }

    private static string[] Secrets(TestSubscription device) => [(string)device.Json["endpoint"]!, (string)device.Json["keys"]!["p256dh"]!, (string)device.Json["keys"]!["auth"]!];

    /// <summary>Through a relay to somebody who is there and somebody who is not; and nonsense at each of its doors.</summary>
    private async Task RelayAsync()
    {
        var (here, away) = (await PersonAsync(device: true), await PersonAsync(device: true));
        await using (var tab = await RelayClient.ConnectAsync(stage.Relay.Client.BaseAddress!, here.Id))
        {
            tab.Acknowledges = true;
            using var published = await stage.Relay.Client.PostAsync("/v1/publish", new StringContent(RelayHost.MessageOfNow($"relayed-{here.Id}", [here.Id, away.Id], sender: $"{Word}-sender", text: $"{Word} text"), Encoding.UTF8, "application/json"), Stop);
            Assert.Equal(System.Net.HttpStatusCode.Accepted, published.StatusCode);
            await tab.EventAsync($"relayed-{here.Id}");
            await tab.SendAsync(new { t = "typing", conv = $"{Word}-conversation" });
            await tab.SendAsync(new { t = $"{Word}-frame", dev = Word });
            await tab.SendAsync(new { t = "seen", conv = "c-1", seq = 1, cid = $"{Word}-cid" });
            await tab.WaitAsync("ok");
            await tab.SendTextAsync($"{{ {Word}");
            await tab.ClosedAsync();
        }
        await using (var bad = await RelayClient.OpenAsync(stage.Relay.Client.BaseAddress!))
        {
            await bad.HelloAsync($"{Word}.{Word}.{Word}");
            await bad.ClosedAsync();
        }
        await SendAsync(stage.Relay, HttpMethod.Post, "/v1/publish", $"{{ \"{Word}\": ");
        await SendAsync(stage.Relay, HttpMethod.Post, "/v1/publish", $$"""{ "site": "acme", "id": "{{Word}}", "to": ["{{Word}}"], "kind": "{{Word}}", "conversation": "{{Word}}", "sender": { "id": "{{Word}}" }, "text": "{{Word}}" }""");
        await SendAsync(stage.Relay, HttpMethod.Post, "/v1/disconnect", $$"""{ "site": "acme", "recipient": "{{Word}}" }""");
        await SendAsync(stage.Relay, HttpMethod.Post, "/v1/publish", "{}", $"{Word}-key-0123456789");
        await SendAsync(stage.Relay, HttpMethod.Get, $"/v1/poll?after={Word}", null, $"{Word}.{Word}.{Word}");
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM relay.accepted) AND NOT EXISTS (SELECT FROM relay.accepted WHERE NOT swept)", Stage.Soon, "every outcome decided");
        await stage.Push.WaitForPushAsync(away.Device!, Stage.Soon);
    }

    /// <summary>What was written by all of this, and by no test's hand, is gone with the people.</summary>
    private async Task EraseAsync()
    {
        await stage.DecidedAsync();
        Assert.NotEmpty(await stage.Database.FindAsync(Word));
        foreach (var id in _people.Select(p => p.Id).Append($"{Word}-sender").Append(Word))
        {
            using var erased = await stage.Worker.Client.DeleteAsync($"/v1/sites/acme/recipients/{id}", Stop);
            Assert.Equal(System.Net.HttpStatusCode.NoContent, erased.StatusCode);
        }
        await stage.DecidedAsync();
        Assert.Empty(await stage.Database.FindAsync(Word));
        foreach (var person in _people)
        {
            // Its ids of messages are the site's, and may be made of a person's.
            Assert.DoesNotContain(await stage.Database.FindAsync(person.Id), f => Regex.IsMatch(f.Row, $@"(?<![\w-]){person.Id}(?![\w-])"));
            foreach (var secret in person.Device is { } device ? Secrets(device) : []) Assert.Empty(await stage.Database.FindAsync(secret));
        }
    }

    private async Task BadInputAsync()
    {
        await SendAsync(stage.Worker, HttpMethod.Post, "/v1/events", $"{{ \"{Word}\": ");
        await SendAsync(stage.Worker, HttpMethod.Post, "/v1/events", $$"""{ "specversion": "1.0", "id": "{{Word}}-x", "source": "/sites/acme/r", "type": "{{Word}}.type", "data": { "text": "{{Word}}" } }""");
        await SendAsync(stage.Worker, HttpMethod.Put, "/v1/sites/acme/recipients/bad", $$"""{ "email": "{{Word}} at nowhere", "name": "{{Word}}" }""");
        await SendAsync(stage.Worker, HttpMethod.Put, "/v1/sites/acme/recipients/bad/subscriptions", $$"""{ "endpoint": "https://{{Word}}.example/push", "keys": { "p256dh": "{{Word}}", "auth": "{{Word}}" } }""");
        await SendAsync(stage.Worker, HttpMethod.Put, "/v1/sites/acme/recipients/bad", "{}", $"{Word}-key-0123456789");
        await SendAsync(stage.Worker, HttpMethod.Get, $"/unsubscribe/{Word}", null);
        await stage.Database.ExecuteAsync("SELECT notifier.publish($1::jsonb)", $$"""[{ "source": "{{Word}}", "data": { "site": "acme", "recipient": "{{Word}}" } }, "{{Word}}", { "specversion": "1.0", "id": "{{Word}}", "source": "s", "type": "message.outcome", "data": { "site": "acme", "message": "{{Word}}" } }]""");
        await stage.DecidedAsync();

    }

    private static string Address(Person person) => $"{Word}.{person.Id}@example.org";

    private async Task<Person> PersonAsync(bool device)
    {
        var person = await stage.PersonAsync(address: true, device: device);
        await stage.PutAsync($"/v1/sites/acme/recipients/{person.Id}", new { email = Address(person), name = $"{Word} the bird" });
        _people.Add(person);
        return person;
    }

    /// <summary>With a trace, so that there are spans.</summary>
    private static JsonObject Said(Person person)
    {
        var said = JsonSerializer.SerializeToNode(Event(person))!.AsObject();
        said["traceparent"] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        return said;
    }

    private static object Event(Person person) => Person.Event("message.outcome", new
    {
        site = "acme",
        message = new
        {
            id = person.Message("m"),
            conversation = person.Conversation("c"),
            seq = 1,
            kind = "direct",
            title = $"{Word} title",
            text = $"{Word} text",
            sender = new { id = "ada", name = $"{Word} Ada" },
            url = $"https://acme.example/{Word}",
        },
        recipients = new[] { new { id = person.Id, outcome = "undelivered", presence = "offline" } },
    });

    private static async Task<string> PageAsync(ServiceProcess program, string page)
    {
        using var answer = await program.Client.GetAsync(page, Stop);
        Assert.True(answer.IsSuccessStatusCode, $"{page} answers {(int)answer.StatusCode}");
        return await answer.Content.ReadAsStringAsync(Stop);
    }

    private static async Task SendAsync(ServiceProcess program, HttpMethod method, string path, string? json, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await program.Client.SendAsync(request, Stop);
        Assert.InRange((int)answer.StatusCode, 200, 499);
    }

    /// <summary>A worker and a relay whose own secrets are known to the test, and a collector of traces.</summary>
    public sealed class CanaryStage(PostgresCluster cluster) : Stage(cluster)
    {
        private TraceCollector _collector = null!;

        public ServiceProcess Relay { get; private set; } = null!;

        public string[] Secrets { get; private set; } = [];

        internal Journal<Span> Spans => _collector.Spans;

        public override async ValueTask InitializeAsync()
        {
            _collector = await TraceCollector.StartAsync();
            await base.InitializeAsync();
            var settings = Settings();
            settings["ConnectionStrings__Notifier"] = Database.RelayConnectionString;
            Relay = await ServiceProcess.StartRelayAsync(settings);
            Relay.Client.DefaultRequestHeaders.Authorization = Worker.Client.DefaultRequestHeaders.Authorization;
        }

        public override async ValueTask DisposeAsync()
        {
            await Relay.DisposeAsync();
            await base.DisposeAsync();
            await _collector.DisposeAsync();
            GC.SuppressFinalize(this);
        }

        protected override Dictionary<string, string> Settings()
        {
            var settings = new Dictionary<string, string>(base.Settings().Concat(_collector.Settings)) { ["Connect__SigningKey"] = RelayHost.ConnectKey, ["Connect__Origins__0"] = RelayHost.Origin };
            Secrets = [settings["Intake__ApiKeys__0"], settings["Links__SigningKey"], settings["WebPush__PrivateKey"], settings["Connect__SigningKey"]];
            return settings;
        }
    }
}

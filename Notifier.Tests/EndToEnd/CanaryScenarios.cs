using System.Net.Http.Headers;
using System.Text;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>A word in everything that is somebody's, through the whole ladder and its failures: nothing that the worker says has it in it.</summary>
public sealed class CanaryScenarios(CanaryScenarios.CanaryStage stage) : IClassFixture<CanaryScenarios.CanaryStage>
{
    private const string Word = "canary";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nothing_of_a_person_or_a_key_is_in_what_the_worker_says_whatever_fails()
    {
        // Push messages: taken, and refused in every way, with an answer that repeats what it was sent.
        foreach (var status in (int[])[201, 400, 403, 404, 410, 413, 429, 500, 302])
        {
            var person = await PersonAsync(device: true);
            if (status != 201) stage.Push.Answer(person.Device!, new PushAnswer(status, status == 429 ? "1" : null, $"{Word} {person.Device!.Json}"));
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

        // Bad input at every door.
        await SendAsync(HttpMethod.Post, "/v1/events", $"{{ \"{Word}\": ");
        await SendAsync(HttpMethod.Post, "/v1/events", $$"""{ "specversion": "1.0", "id": "{{Word}}-x", "source": "/sites/acme/r", "type": "{{Word}}.type", "data": { "text": "{{Word}}" } }""");
        await SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/bad", $$"""{ "email": "{{Word}} at nowhere", "name": "{{Word}}" }""");
        await SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/bad/subscriptions", $$"""{ "endpoint": "https://{{Word}}.example/push", "keys": { "p256dh": "{{Word}}", "auth": "{{Word}}" } }""");
        await SendAsync(HttpMethod.Put, "/v1/sites/acme/recipients/bad", "{}", $"{Word}-key-0123456789");
        await SendAsync(HttpMethod.Get, $"/unsubscribe/{Word}", null);
        await stage.Database.ExecuteAsync("SELECT notifier.publish($1::jsonb)", $$"""[{ "source": "{{Word}}", "data": { "site": "acme", "recipient": "{{Word}}" } }, "{{Word}}", { "specversion": "1.0", "id": "{{Word}}", "source": "s", "type": "message.outcome", "data": { "site": "acme", "message": "{{Word}}" } }]""");
        await stage.DecidedAsync();

        var said = new StringBuilder();
        foreach (var page in (string[])["/metrics", "/hangfire", "/hangfire/pending-emails", "/hangfire/jobs/failed", "/hangfire/jobs/succeeded", "/hangfire/jobs/scheduled", "/hangfire/servers", "/hangfire/retries", "/health/ready"])
        {
            using var answer = await stage.Worker.Client.GetAsync(page, Stop);
            Assert.True(answer.IsSuccessStatusCode, $"{page} answers {(int)answer.StatusCode}");
            said.AppendLine(await answer.Content.ReadAsStringAsync(Stop));
        }
        Assert.Contains("notifier_push_total", said.ToString(), StringComparison.Ordinal);
        said.AppendLine(stage.Worker.Output);
        var text = said.ToString();
        Assert.DoesNotContain(text.Split((char)10), line => line.Contains(Word, StringComparison.OrdinalIgnoreCase));
        foreach (var secret in stage.Secrets) Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        Assert.DoesNotContain("/push/", text, StringComparison.Ordinal); // endpoints
    }

    private static string Address(Person person) => $"{Word}.{person.Id}@example.org";

    private async Task<Person> PersonAsync(bool device)
    {
        var person = await stage.PersonAsync(address: true, device: device);
        await stage.PutAsync($"/v1/sites/acme/recipients/{person.Id}", new { email = Address(person), name = $"{Word} the bird" });
        return person;
    }

    private static object Said(Person person) => Person.Event("message.outcome", new
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

    private async Task SendAsync(HttpMethod method, string path, string? json, string? key = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await stage.Worker.Client.SendAsync(request, Stop);
        Assert.InRange((int)answer.StatusCode, 200, 499);
    }

    /// <summary>A worker whose own secrets are known to the test.</summary>
    public sealed class CanaryStage(PostgresCluster cluster) : Stage(cluster)
    {
        public string[] Secrets { get; private set; } = [];

        protected override Dictionary<string, string> Settings()
        {
            var settings = base.Settings();
            Secrets = [settings["Intake__ApiKeys__0"], settings["Links__SigningKey"], settings["WebPush__PrivateKey"]];
            return settings;
        }
    }
}

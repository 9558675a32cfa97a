using System.Net;
using System.Net.Http.Json;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>Two sites in one worker: acme goes by the settings, beta by its row.</summary>
public sealed class SiteScenarios(SiteScenarios.SitesStage stage) : IClassFixture<SiteScenarios.SitesStage>
{
    private static int _events;

    [Fact]
    public async Task A_site_has_its_own_key_pair_sender_links_and_delay()
    {
        var key = await stage.AddAsync("beta", "Email__From=Beta <hello@beta.example>", "Links__BaseUrl=https://notify.beta.example", "Escalation__EmailDelay=00:03:00", "Escalation__EmailDelayFloor=00:03:00");
        using var beta = stage.As(key);
        var acmes = await stage.Worker.Client.GetStringAsync("/v1/sites/acme/vapid-public-key", TestContext.Current.CancellationToken);
        var betas = await beta.GetStringAsync("/v1/sites/beta/vapid-public-key", TestContext.Current.CancellationToken);
        Assert.NotEqual(acmes, betas);

        var ours = await stage.PersonAsync(device: false);
        var device = stage.Push.NewSubscription();
        await PutAsync(beta, "/v1/sites/beta/recipients/eve", new { email = "eve@example.org", name = "Eve" });
        await PutAsync(beta, "/v1/sites/beta/recipients/eve/subscriptions", device.Json);
        await stage.PublishAsync(ours.Said("c", "m", 1));
        await PublishAsync(beta, Said("beta", "eve", "beta-1"));

        var push = await stage.Push.WaitForPushAsync(device, Stage.Soon);
        Assert.EndsWith($"k={betas}", push.Headers["Authorization"], StringComparison.Ordinal);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(4));
        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains("eve@example.org"), Stage.Soon);
        Assert.Equal("hello@beta.example", mail.Message.From.Mailboxes.Single().Address);
        Assert.EndsWith("@beta.example", mail.Message.MessageId, StringComparison.Ordinal);
        Assert.Contains("<https://notify.beta.example/unsubscribe/", mail.Message.Headers["List-Unsubscribe"], StringComparison.Ordinal);
        Assert.DoesNotContain(await stage.Mail.SettledMailsAsync(), m => m.RcptTo.Contains(ours.Address));

        await stage.AdvanceAsync(TimeSpan.FromMinutes(7));
        var acme = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(ours.Address), Stage.Soon);
        Assert.Equal("hello@acme.example", acme.Message.From.Mailboxes.Single().Address);
    }

    [Fact]
    public async Task A_key_of_one_site_is_refused_for_every_other_also_those_of_the_settings()
    {
        using var gamma = stage.As(await stage.AddAsync("gamma"));
        using var delta = stage.As(await stage.AddAsync("delta"));

        await RefusedAsync(HttpStatusCode.Forbidden, gamma, "delta");
        await RefusedAsync(HttpStatusCode.Forbidden, gamma, "acme");
        await RefusedAsync(HttpStatusCode.Forbidden, stage.Worker.Client, "delta");
        await RefusedAsync(HttpStatusCode.Unauthorized, stage.As("nobodys-key"), "delta");
        await PutAsync(delta, "/v1/sites/delta/recipients/u", new { name = "U" });

        // One event of another's in a batch, and nothing of it is stored.
        using var batch = await gamma.PostAsJsonAsync("/v1/events", new[] { Said("gamma", "u", "g-1"), Said("delta", "u", "g-2") }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, batch.StatusCode);
        Assert.Contains("$[1].data.site", await batch.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.event_key WHERE event_id LIKE 'g-%'"));
    }

    [Fact]
    public async Task A_rotated_key_stays_good_until_it_is_retired()
    {
        using var before = stage.As(await stage.AddAsync("epsilon"));
        using var after = stage.As(SitesStage.KeyIn(await stage.OrderAsync("rotate", "epsilon")));
        await SitesStage.TakesAsync(after, "epsilon");
        await PutAsync(before, "/v1/sites/epsilon/recipients/u", new { name = "U" });

        Assert.Contains("1 key of site epsilon is gone", await stage.OrderAsync("retire", "epsilon"), StringComparison.Ordinal);
        await SitesStage.UntilAsync(before, "epsilon", HttpStatusCode.Unauthorized);
        await PutAsync(after, "/v1/sites/epsilon/recipients/u", new { name = "U" });
    }

    [Fact]
    public async Task A_message_of_a_disabled_site_ends_with_site_disabled()
    {
        using var zeta = stage.As(await stage.AddAsync("zeta"));
        await PutAsync(zeta, "/v1/sites/zeta/recipients/u", new { email = "zed@example.org" });
        await stage.OrderAsync("disable", "zeta");
        await PublishAsync(zeta, Said("zeta", "u", "z-1"));
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.decision WHERE message = 'z-1' AND reason = 'site_disabled')", Stage.Soon, "z-1 ended");

        await stage.OrderAsync("enable", "zeta");
        await PublishAsync(zeta, Said("zeta", "u", "z-2"));
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.decision WHERE message = 'z-2' AND channel = 'email' AND reason = 'delay')", Stage.Soon, "z-2 under way");
    }

    [Fact]
    public async Task A_site_without_a_row_can_be_disabled_and_goes_on_taking_the_keys_of_the_settings()
    {
        await stage.OrderAsync("disable", "iota");
        await PutAsync(stage.Worker.Client, "/v1/sites/iota/recipients/u", new { email = "iota@example.org" });
        await PublishAsync(stage.Worker.Client, Said("iota", "u", "i-1"));
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.decision WHERE message = 'i-1' AND reason = 'site_disabled')", Stage.Soon, "i-1 ended");
    }

    [Fact]
    public async Task A_changed_row_holds_within_seconds_in_the_worker_that_runs()
    {
        using var eta = stage.As(await stage.AddAsync("eta"));
        await PreflightAsync(eta, "eta", allowed: false);
        await stage.OrderAsync("set", "eta", "Connect__Origins__0=https://eta.example");
        await PreflightAsync(eta, "eta", allowed: true);
    }

    [Fact]
    public async Task A_site_has_a_mail_server_of_its_own_whose_password_is_encrypted_in_the_row()
    {
        await using var own = await SmtpOracle.StartAsync();
        using var theta = stage.As(await stage.AddAsync("theta", $"Email__Port={own.Port}", "Email__From=Theta <hello@theta.example>"));
        await stage.OrderAsync("set", "theta", "Email__User=theta", "Email__Password=a secret of theirs");
        Assert.DoesNotContain("a secret of theirs", await stage.Database.ScalarAsync<string>("SELECT settings::text || secrets::text FROM notifier.site WHERE id = 'theta'"), StringComparison.Ordinal);
        Assert.DoesNotContain("a secret of theirs", await stage.OrderAsync("list"), StringComparison.Ordinal);
        await stage.OrderAsync("set", "theta", "Email__User=", "Email__Password=");

        await PutAsync(theta, "/v1/sites/theta/recipients/u", new { email = "theo@example.org" });
        await PublishAsync(theta, Said("theta", "u", "t-1"));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(11));
        await own.WaitForMailAsync(m => m.RcptTo.Contains("theo@example.org"), Stage.Soon);

        await stage.OrderAsync("set", "theta", "Email__Port=", "Connect__Origins__0=https://theta.example");
        await PreflightAsync(theta, "theta", allowed: true);
        await PublishAsync(theta, Said("theta", "u", "t-2"));
        await stage.AdvanceAsync(TimeSpan.FromHours(2));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains("theo@example.org"), Stage.Soon);
        await own.Events.WaitForAsync(e => e.Event == "closed", Stage.Soon, "a goodbye to the server that was theirs");
    }

    [Fact]
    public async Task While_one_sites_own_mail_server_hangs_every_email_of_another_site_goes_out()
    {
        await using var own = await SmtpOracle.StartAsync();
        await own.AddAsync(new OracleFault(OracleStep.Connect, Hang: true));
        using var omega = stage.As(await stage.AddAsync("omega", $"Email__Port={own.Port}"));
        var slow = Enumerable.Range(0, 24).Select(i => $"i{i}").ToList();
        foreach (var id in slow)
        {
            await PutAsync(omega, $"/v1/sites/omega/recipients/{id}", new { email = $"{id}@example.org" });
            await PublishAsync(omega, Said("omega", id, id));
        }
        var quick = new List<Person>();
        for (var i = 0; i < 4; i++) quick.Add(await stage.PersonAsync(device: false));
        await stage.PublishAsync([.. quick.Select(p => p.Said("c", "m", 1))]);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(11));

        foreach (var person in quick) await stage.WaitForAttemptAsync(person, "sent");
        Assert.Empty(await own.SettledMailsAsync());

        await own.ClearAsync();
        await stage.Database.WaitUntilAsync("SELECT count(*) = 24 FROM notifier.email_attempt WHERE site = 'omega' AND state = 'sent'", Stage.Soon, "what had waited sent");
        Assert.Equal(24, (await own.SettledMailsAsync()).Length);
    }

    [Fact]
    public async Task While_the_mail_server_of_all_is_down_every_email_of_a_site_with_its_own_goes_out()
    {
        await using var own = await SmtpOracle.StartAsync();
        var hang = await own.AddAsync(new OracleFault(OracleStep.Connect, Hang: true));
        using var sigma = stage.As(await stage.AddAsync("sigma", $"Email__Port={own.Port}"));
        // Enough of both: each alarm that rings claims some of ours, and none has claimed all of theirs before those fail.
        var many = Enumerable.Range(0, 80).Select(i => $"s{i}").ToArray();
        foreach (var id in many) await PutAsync(sigma, $"/v1/sites/sigma/recipients/{id}", new { email = $"{id}@example.org" });
        await PublishAsync(sigma, many.Select(id => Said("sigma", id, id)).ToArray());
        var ours = new List<Person>();
        for (var i = 0; i < 40; i++) ours.Add(await stage.PersonAsync(device: false));
        await stage.PublishAsync([.. ours.Select(p => p.Said("c", "m", 1))]);
        await stage.Mail.AddAsync(new OracleFault(OracleStep.Mail, Reply: "421 4.3.2 going down"));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(11));
        await hang.ReachedAsync(Stage.Soon);
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.email_attempt WHERE recipient = ANY ($1) AND state = 'retry')", Stage.Soon, "one of ours refused", [ours.Select(p => p.Id).ToArray()]);
        await stage.Database.WaitUntilAsync("SELECT NOT EXISTS (SELECT FROM hangfire.job WHERE statename = 'Enqueued')", Stage.Soon, "no alarm left that would begin anew");

        await own.ClearAsync();

        await stage.Database.WaitUntilAsync("SELECT count(*) = 80 FROM notifier.email_attempt WHERE site = 'sigma' AND state = 'sent'", Stage.Soon, "theirs sent");
        Assert.DoesNotContain(await stage.Mail.SettledMailsAsync(), m => ours.Exists(p => m.RcptTo.Contains(p.Address)));
        await stage.Mail.ClearAsync();
    }

    [Theory]
    [InlineData("Email__From: must be an address such as Acme <hello@acme.example>", "add", "bad", "Email__From=nobody")]
    [InlineData("Escalation__EmailDelay: must be a duration such as 00:00:30", "add", "bad", "Escalation__EmailDelay=soon")]
    [InlineData("Alarms__Workers: is not a setting that a site can have of its own", "add", "bad", "Alarms__Workers=9")]
    [InlineData("Email__From: is not SETTING=VALUE", "add", "bad", "Email__From")]
    [InlineData("site nowhere: has no row", "rotate", "nowhere")]
    [InlineData("site nowhere: has no row", "enable", "nowhere")]
    [InlineData("site: is not understood like this; it is site add NAME", "remove", "acme")]
    public async Task A_wrong_order_says_what_is_wrong_in_one_line_and_changes_nothing(string said, params string[] order)
    {
        var (status, output) = await stage.RunAsOwnerAsync(["site", .. order]);

        Assert.Equal(1, status);
        Assert.Contains(said, Assert.Single(output.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.site WHERE id IN ('bad', 'nowhere')"));
    }

    private static object Said(string site, string recipient, string message) => new
    {
        specversion = "1.0",
        id = $"{message}-{Interlocked.Increment(ref _events)}",
        source = $"/sites/{site}/relay-1",
        type = "message.outcome",
        data = new
        {
            site,
            message = new { id = message, conversation = $"c-{message}", seq = 1, kind = "direct", text = "Is it still available?", sender = new { id = "ada", name = "Ada" } },
            recipients = new[] { new { id = recipient, outcome = "undelivered", presence = "offline" } },
        },
    };

    private async Task PublishAsync(HttpClient client, object e)
    {
        using var answer = await client.PostAsJsonAsync("/v1/events", e);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        await stage.DecidedAsync();
    }

    private static async Task PutAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PutAsJsonAsync(path, body);
        Assert.True(answer.StatusCode == HttpStatusCode.NoContent, $"{path}: {(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    private static async Task RefusedAsync(HttpStatusCode status, HttpClient client, string site)
    {
        using var put = await client.PutAsJsonAsync($"/v1/sites/{site}/recipients/stranger", new { name = "Stranger" });
        using var published = await client.PostAsJsonAsync("/v1/events", Said(site, "stranger", "s-1"));
        using var key = await client.GetAsync($"/v1/sites/{site}/vapid-public-key");
        Assert.Equal((status, status, status), (put.StatusCode, published.StatusCode, key.StatusCode));
    }

    private static async Task PreflightAsync(HttpClient client, string site, bool allowed)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var tries = 0; ; tries++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Options, $"/v1/sites/{site}/vapid-public-key") { Headers = { { "Origin", $"https://{site}.example" }, { "Access-Control-Request-Method", "GET" } } };
            using var answer = await client.SendAsync(request);
            if (answer.Headers.Contains("Access-Control-Allow-Origin") == allowed) return;
            Assert.True(tries < 400, $"origin allowed: {allowed}");
            await timer.WaitForNextTickAsync();
        }
    }

    public sealed class SitesStage(PostgresCluster cluster) : Stage(cluster)
    {
        private const string Shown = "API key, shown this once: ";

        protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Sites__EncryptionKey"] = Convert.ToBase64String(new byte[32]) };

        /// <summary>Runs a command that must succeed.</summary>
        public async Task<string> OrderAsync(params string[] order)
        {
            var (status, output) = await RunAsOwnerAsync(["site", .. order]);
            Assert.True(status == 0, output);
            return output;
        }

        /// <returns>Its API key, once the worker takes it.</returns>
        public async Task<string> AddAsync(string name, params string[] settings)
        {
            var key = KeyIn(await OrderAsync(["add", name, .. settings]));
            using var client = As(key);
            await TakesAsync(client, name);
            return key;
        }

        public static string KeyIn(string output) => output[(output.IndexOf(Shown, StringComparison.Ordinal) + Shown.Length)..].Trim();

        public HttpClient As(string key) => new() { BaseAddress = Worker.Client.BaseAddress, DefaultRequestHeaders = { Authorization = new("Bearer", key) } };

        public static Task TakesAsync(HttpClient client, string site) => UntilAsync(client, site, HttpStatusCode.OK);

        public static async Task UntilAsync(HttpClient client, string site, HttpStatusCode status)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            for (var tries = 0; ; tries++)
            {
                using var answer = await client.GetAsync($"/v1/sites/{site}/vapid-public-key");
                if (answer.StatusCode == status) return;
                Assert.True(tries < 400, $"{site}: {answer.StatusCode}, wanted {status}");
                await timer.WaitForNextTickAsync();
            }
        }
    }
}

using Notifier.Domain;
using Notifier.Worker.Operations.Pages;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class WhyPageTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private const string Page = "/hangfire/why";

    public async ValueTask InitializeAsync()
    {
        await database.ClearAsync();
        await database.ExecuteAsync("TRUNCATE notifier.trace, notifier.recipient, notifier.push_subscription");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_message_of_one_person_is_a_ladder_with_reasons_in_words_and_without_what_was_said()
    {
        await MessageAsync("acme", "m-1", "what was said");
        await DecisionAsync("acme", "m-1", "u-1", "push", "told", "accepted");
        await DecisionAsync("acme", "m-1", "u-1", "email", "wait", "delay");
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var html = (await DashboardPage.OpenAsync(host.As(), $"{Page}?q=m-1")).Html;

        Assert.Contains("The other side took it.", html, StringComparison.Ordinal);
        Assert.True(html.IndexOf("The other side took it.", StringComparison.Ordinal) < html.IndexOf("The email delay is not over.", StringComparison.Ordinal));
        Assert.DoesNotContain("what was said", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_person_of_a_group_message_is_on_a_page_once_also_across_sites()
    {
        var wanted = new List<string>();
        foreach (var site in new[] { "acme", "beta" })
        {
            await MessageAsync(site, "m-all", "hello");
            for (var n = 0; n < 60; n++)
            {
                await DecisionAsync(site, "m-all", $"u-{n:00}", "push", "told", "accepted");
                await DecisionAsync(site, "m-all", $"u-{n:00}", "email", "wait", "delay");
                wanted.Add($"site={site}&amp;person=u-{n:00}\"");
            }
        }
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var seen = new List<string>();
        var pages = 0;
        for (string? next = $"{Page}?q=m-all"; next is not null; pages++)
        {
            Assert.True(pages < 5);
            var html = (await DashboardPage.OpenAsync(host.As(), next)).Html;
            seen.AddRange(System.Text.RegularExpressions.Regex.Matches(html, "site=(acme|beta)&amp;person=u-[0-9]{2}\"").Select(m => m.Value));
            next = NextIn(html);
        }

        Assert.Equal(3, pages);
        Assert.Equal(wanted, seen);
    }

    [Fact]
    public async Task A_person_is_shown_with_a_masked_address_and_devices_without_their_endpoints()
    {
        await database.ExecuteAsync("INSERT INTO notifier.recipient (site, id, email) VALUES ('acme', 'u-1', 'alice@example.org')");
        await database.ExecuteAsync(
            "INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth) VALUES ('acme', 'u-1', 'https://push.example.org/send/secret', 'https://push.example.org', '\\x', '\\x')");
        await database.EscalationAsync(new ConversationKey("acme", "u-1", "c-9"), TimeSpan.FromMinutes(5));
        await database.UnseenAsync(new ConversationKey("acme", "u-1", "c-9"), "m-7", TimeSpan.Zero, null);
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var html = (await DashboardPage.OpenAsync(host.As(), $"{Page}?q=u-1")).Html;

        Assert.Contains("a***@example.org", html, StringComparison.Ordinal);
        Assert.DoesNotContain("alice", html, StringComparison.Ordinal);
        Assert.Contains("https://push.example.org<", html, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", html, StringComparison.Ordinal);
        Assert.Contains("<bdi>m-7</bdi>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_with_more_conversations_than_a_page_has_them_all()
    {
        await database.ExecuteAsync("INSERT INTO notifier.recipient (site, id) VALUES ('acme', 'u-1')");
        for (var n = 0; n < 120; n++) await database.EscalationAsync(new ConversationKey("acme", "u-1", $"c-{n:000}"), null);
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var shown = new List<int>();
        for (string? next = $"{Page}?q=u-1"; next is not null;)
        {
            var html = (await DashboardPage.OpenAsync(host.As(), next)).Html;
            shown.AddRange(Enumerable.Range(0, 120).Where(n => html.Contains($"<bdi>c-{n:000}</bdi>", StringComparison.Ordinal)));
            Assert.True(shown.Count <= 120);
            next = NextIn(html);
        }

        Assert.Equal(Enumerable.Range(0, 120), shown);
    }

    [Fact]
    public async Task An_id_that_is_a_script_stays_text()
    {
        const string Attack = "\"><script>alert('x')</script>";
        await MessageAsync(Attack, Attack, Attack);
        await DecisionAsync(Attack, Attack, Attack, "push", "told", Attack);
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var html = (await DashboardPage.OpenAsync(host.As(), $"{Page}?q={Uri.EscapeDataString(Attack)}")).Html;

        Assert.Contains("&lt;script&gt;alert", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_reason_has_a_sentence() => Assert.All(Enum.GetValues<Reason>(), r => Assert.EndsWith(".", Reasons.Sentence(r.Word()), StringComparison.Ordinal));

    [Theory]
    [InlineData("alice@example.org", "a***@example.org")]
    [InlineData("😀x@example.org", "😀***@example.org")]
    [InlineData("@", "***")]
    [InlineData("nobody", "***")]
    public void An_address_is_masked(string address, string masked) => Assert.Equal(masked, Masked.Address(address));

    [Fact]
    public void So_are_those_in_a_servers_answer() =>
        Assert.Equal("550 5.1.1 <a***@example.org>: no such user, try b***@b.example", Masked.Text("550 5.1.1 <alice@example.org>: no such user, try bob@b.example"));

    [Theory]
    [InlineData("no such endpoint https://push.example/send/abc:DEF_1?x=y, sorry", "no such endpoint https://push.example/… sorry")]
    [InlineData("""{"endpoint":"http://127.0.0.1:5099/push/1","auth":"BTBZMqHH6r4Tts7J_aSIgg"}""", """{"endpoint":"http://127.0.0.1:5099/…","auth":"BTBZ…"}""")]
    [InlineData("250 2.0.0 queued as 4cXk9L2nQzz1", "250 2.0.0 queued as 4cXk9L2nQzz1")]
    public void So_are_endpoints_and_keys_in_what_a_push_service_says(string text, string masked) => Assert.Equal(masked, Masked.Text(text));

    internal static string? NextIn(string html) =>
        System.Text.RegularExpressions.Regex.Match(html, "rel=\"next\" href=\"([^\"]+)\"") is { Success: true } next ? System.Net.WebUtility.HtmlDecode(next.Groups[1].Value) : null;

    private Task MessageAsync(string site, string id, string text) =>
        database.ExecuteAsync("INSERT INTO notifier.message (site, id, conversation, seq, text, sent_at) VALUES ($1, $2, 'c-9', 1, $3, now())", site, id, text);

    private Task DecisionAsync(string site, string message, string recipient, string channel, string verdict, string reason) => database.ExecuteAsync(
        $"INSERT INTO notifier.trace (at, site, recipient, conversation, message, {channel}_verdict, {channel}_reason) VALUES (now(), $1, $2, 'c-9', $3, $4, $5)",
        site, recipient, message, verdict, reason);
}

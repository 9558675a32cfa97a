using System.Net;
using System.Text.RegularExpressions;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class DeadLettersPageTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private const string Page = "/hangfire/dead-letters";

    public async ValueTask InitializeAsync()
    {
        await database.ClearAsync();
        await database.ExecuteAsync("TRUNCATE notifier.dead_letter");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_letter_is_on_a_page_once_newest_first_and_a_reason_can_be_chosen()
    {
        await LettersAsync("unreadable", 70, "what was said");
        await LettersAsync("rejected", 55, "what was said");
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        Assert.Equal(125, (await LettersShownAsync(host, Page)).Distinct().Count());
        var rejected = await LettersShownAsync(host, $"{Page}?reason=rejected");

        Assert.Equal(55, rejected.Count);
        Assert.Equal(rejected.OrderByDescending(id => id), rejected);
    }

    [Fact]
    public async Task What_a_letter_says_is_not_shown_and_addresses_in_a_servers_answer_are_masked()
    {
        await LettersAsync("rejected", 1, "what was said");
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var html = (await DashboardPage.OpenAsync(host.As(), Page)).Html;

        Assert.Contains("550 &lt;b***@example.org&gt; refused", html, StringComparison.Ordinal);
        Assert.DoesNotContain("what was said", html, StringComparison.Ordinal);
        Assert.Contains("1 would be replayed", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_buttons_replay_one_or_all_of_a_reason_up_to_what_was_seen()
    {
        await LettersAsync("unreadable", 450, "{}");
        await LettersAsync("rejected", 1, "{}");
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var page = await DashboardPage.OpenAsync(host.As(), $"{Page}?reason=unreadable");
        var buttons = Regex.Matches(page.Html, "data-ajax=\"([^\"]+)\"").Select(m => m.Groups[1].Value).ToArray();
        var (all, one) = (buttons.Single(b => b.Contains(Convert.ToBase64String("unreadable"u8).TrimEnd('='), StringComparison.Ordinal)), buttons[^1]);
        await LettersAsync("unreadable", 1, "{}"); // came after the page was drawn

        using (var answer = await page.PostAsync(one)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter WHERE replayed_at IS NOT NULL"));
        using (var answer = await page.PostAsync(all)) Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);

        Assert.Equal(2, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter WHERE replayed_at IS NULL"));
        Assert.Equal(450, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox"));
    }

    [Fact]
    public async Task A_request_that_is_no_press_of_the_button_is_refused()
    {
        await LettersAsync("unreadable", 1, "{}");
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        using var get = await host.As().Client.GetAsync($"{Page}/replay/1", TestContext.Current.CancellationToken);
        using var forged = await host.Client.PostAsync($"{Page}/replay/1", null, TestContext.Current.CancellationToken);

        Assert.Equal([HttpStatusCode.MethodNotAllowed, HttpStatusCode.Forbidden], [get.StatusCode, forged.StatusCode]);
    }

    private static async Task<List<long>> LettersShownAsync(OperationsHost host, string first)
    {
        var shown = new List<long>();
        for (string? next = first; next is not null;)
        {
            var html = (await DashboardPage.OpenAsync(host.As(), next)).Html;
            shown.AddRange(Regex.Matches(html, "replay/([0-9]+)\"").Select(m => long.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)));
            Assert.True(shown.Count <= 125);
            next = WhyPageTests.NextIn(html);
        }
        return shown;
    }

    private Task LettersAsync(string reason, int count, string body) => database.ExecuteAsync(
        "INSERT INTO notifier.dead_letter (kind, source, event_id, reason, detail, body) SELECT 'event', 's', i::text, $1, '550 <bob@example.org> refused', $3 FROM generate_series(1, $2) AS i", reason, count, body);
}

using Notifier.Domain;
using Xunit;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class PendingEmailsPageTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private const string Page = "/hangfire/pending-emails";
    private static readonly Ruling Delayed = new(Verdict.Wait, Reason.Delay);

    public async ValueTask InitializeAsync() => await database.ClearAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_conversation_with_an_email_due_is_listed_soonest_first_with_what_it_waits_for()
    {
        foreach (var (recipient, minutes) in new[] { ("u-late", 30), ("u-soon", 1), ("u-overdue", -1), ("u-middle", 10) })
        {
            var key = new ConversationKey("acme", recipient, "c-9");
            await database.EscalationAsync(key, TimeSpan.FromMinutes(minutes));
            await database.UnseenAsync(key, $"m-{recipient}", TimeSpan.Zero, Delayed);
        }
        await database.EscalationAsync(new("acme", "u-nothing-due", "c-9"), emailIn: null);
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var html = (await DashboardPage.OpenAsync(host.As(), Page)).Html;

        string[] order = ["u-overdue", "u-soon", "u-middle", "u-late"];
        Assert.Equal(order, order.OrderBy(r => html.IndexOf($"<bdi>{r}</bdi>", StringComparison.Ordinal)));
        Assert.All(order, r => Assert.Contains($"<bdi>{r}</bdi>", html, StringComparison.Ordinal));
        Assert.DoesNotContain("u-nothing-due", html, StringComparison.Ordinal);
        Assert.Contains("overdue", html, StringComparison.Ordinal);
        Assert.Contains(">delay<", html, StringComparison.Ordinal);
        Assert.Contains("Due <small>4</small>", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_that_is_a_script_stays_text()
    {
        const string Attack = "\"><script>alert('x')</script>";
        var key = new ConversationKey(Attack + 1, Attack + 2, Attack + 3);
        var attempt = await database.AttemptAsync(key.Owner, "retry", key.Conversation);
        await database.EscalationAsync(key, TimeSpan.FromMinutes(5), attempt);
        await database.UnseenAsync(key, Attack + 4, TimeSpan.Zero, Delayed);
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var all = (await DashboardPage.OpenAsync(host.As(), Page)).Html;
        var searched = (await DashboardPage.OpenAsync(host, $"{Page}?q={Uri.EscapeDataString(Attack + 2)}")).Html;

        foreach (var html in (string[])[all, searched])
        {
            Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
            for (var part = 1; part <= 3; part++)
                Assert.Equal(2, html.Split($"<bdi>&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;{part}</bdi>").Length - 1);
        }
        Assert.Contains("value=\"&quot;&gt;&lt;script&gt;", searched, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("u-1", true, false)]
    [InlineData("c-2", false, true)]
    [InlineData("m-1", true, false)]
    [InlineData(" m-2 ", false, true)]
    [InlineData("u", false, false)]
    [InlineData("%", false, false)]
    public async Task One_search_finds_a_recipient_a_conversation_or_a_message(string search, bool first, bool second)
    {
        for (var n = 1; n <= 2; n++)
        {
            var key = new ConversationKey("acme", $"u-{n}", $"c-{n}");
            var attempt = await database.AttemptAsync(key.Owner, "pending", key.Conversation);
            await database.EscalationAsync(key, TimeSpan.FromMinutes(5), attempt);
            await database.UnseenAsync(key, $"m-{n}", TimeSpan.Zero, Delayed);
        }
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var html = (await DashboardPage.OpenAsync(host.As(), $"{Page}?q={Uri.EscapeDataString(search)}")).Html;

        // Once among the due, once among those that are being sent.
        Assert.Equal(first ? 2 : 0, html.Split("<bdi>u-1</bdi>").Length - 1);
        Assert.Equal(second ? 2 : 0, html.Split("<bdi>u-2</bdi>").Length - 1);
        Assert.Equal(!first && !second, html.Contains("Nothing of that id is waiting for an email.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_of_fifty_show_every_row_once_and_keep_the_search()
    {
        for (var n = 0; n < 120; n++) await database.EscalationAsync(new("acme", $"u-{n:000}", "c-all"), TimeSpan.FromMinutes(n));
        await database.EscalationAsync(new("acme", "u-other", "c-other"), TimeSpan.Zero);
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var shown = new List<int>();

        for (string? next = $"{Page}?q=c-all"; next is not null;)
        {
            var html = (await DashboardPage.OpenAsync(host.As(), next)).Html;
            shown.AddRange(Enumerable.Range(0, 120).Where(n => html.Contains($"<bdi>u-{n:000}</bdi>", StringComparison.Ordinal)));
            Assert.Contains("Due <small>120</small>", html, StringComparison.Ordinal);
            Assert.DoesNotContain("u-other", html, StringComparison.Ordinal);
            Assert.True(shown.Count <= 120);
            next = WhyPageTests.NextIn(html);
        }

        Assert.Equal(Enumerable.Range(0, 120), shown);
    }

    [Fact]
    public async Task What_a_mail_server_may_have_any_moment_has_no_button()
    {
        var sending = await database.AttemptAsync(new("acme", "u-1"), "sending", "c-1");
        var data = await database.AttemptAsync(new("acme", "u-2"), "data", "c-2");
        var retry = await database.AttemptAsync(new("acme", "u-3"), "retry", "c-3");
        await database.AttemptAsync(new("acme", "u-4"), "sent", "c-4");
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var html = (await DashboardPage.OpenAsync(host.As(), Page)).Html;

        Assert.Contains($"withdraw/{retry}", html, StringComparison.Ordinal);
        Assert.DoesNotContain($"withdraw/{sending}", html, StringComparison.Ordinal);
        Assert.DoesNotContain($"withdraw/{data}", html, StringComparison.Ordinal);
        Assert.Contains("<bdi>u-2</bdi>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<bdi>u-4</bdi>", html, StringComparison.Ordinal);
    }
}

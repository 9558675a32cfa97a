using System.Net;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class SuppressedAddressesPageTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private const string Page = "/hangfire/suppressed-addresses";
    private const string Attack = "\"><script>alert('x')</script>@example.org";

    public async ValueTask InitializeAsync()
    {
        await database.ClearAsync();
        await database.ExecuteAsync("DELETE FROM notifier.recipient");
        await database.ExecuteAsync("INSERT INTO notifier.recipient (site, id, email) VALUES ('acme', 'u-1', 'Bob@example.org'), ('acme', 'u-2', 'eve@example.org')");
        await database.ExecuteAsync(
            "INSERT INTO notifier.suppression (site, address, reason, detail) VALUES ('acme', 'bob@example.org', 'bounced', '5.1.1 no such user'), ('a/b', $1, 'refused', '<b>')", Attack);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Every_suppressed_address_is_listed_with_the_reason_and_stays_text()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        var all = (await DashboardPage.OpenAsync(host.As(), Page)).Html;
        var found = (await DashboardPage.OpenAsync(host, $"{Page}?q=u-1")).Html;
        var none = (await DashboardPage.OpenAsync(host, $"{Page}?q=eve@example.org")).Html;

        Assert.Contains("<bdi>5.1.1 no such user</bdi>", all, StringComparison.Ordinal);
        Assert.Contains("<bdi>&lt;b&gt;</bdi>", all, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", all, StringComparison.Ordinal);
        Assert.Contains("<bdi>b***@example.org</bdi>", found, StringComparison.Ordinal);
        Assert.DoesNotContain("refused", found, StringComparison.Ordinal);
        Assert.Contains("This address gets mail", none, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_button_releases_one_address_and_has_what_is_open_of_the_person_decided_anew()
    {
        await database.ExecuteAsync("INSERT INTO notifier.bounce (report, site, address, status, verdict) VALUES ('\\x01', 'acme', 'bob@example.org', '4.2.2', 'score')");
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var page = await DashboardPage.OpenAsync(host.As(), Page);
        var buttons = System.Text.RegularExpressions.Regex.Matches(page.Html, "data-ajax=\"([^\"]+)\"").Select(m => m.Groups[1].Value).ToList();
        Assert.Equal(2, buttons.Count);
        Assert.All(buttons, button => Assert.Matches("/release/[0-9]+$", button)); // nothing of whom it is about

        foreach (var button in buttons)
        {
            using var first = await page.PostAsync(button);
            using var again = await page.PostAsync(button);
            Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        }

        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.suppression"));
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.bounce WHERE verdict = 'score'"));
        Assert.Equal(1, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox WHERE body LIKE '%u-1%'"));
    }

    [Fact]
    public async Task A_request_that_is_no_press_of_the_button_is_refused()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        using var get = await host.As().Client.GetAsync($"{Page}/release/{await AnIdAsync()}", TestContext.Current.CancellationToken);
        using var forged = await host.Client.PostAsync($"{Page}/release/{await AnIdAsync()}", null, TestContext.Current.CancellationToken);

        Assert.Equal([HttpStatusCode.MethodNotAllowed, HttpStatusCode.Forbidden], [get.StatusCode, forged.StatusCode]);
        Assert.Equal(2, await database.ScalarAsync<long>("SELECT count(*) FROM notifier.suppression"));
    }

    private Task<long> AnIdAsync() => database.ScalarAsync<long>("SELECT id FROM notifier.suppression WHERE address = 'bob@example.org'");
}

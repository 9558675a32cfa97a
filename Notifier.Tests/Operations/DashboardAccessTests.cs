using System.Net;
using Xunit;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed class DashboardAccessTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/hangfire")]
    [InlineData("/hangfire/pending-emails")]
    [InlineData("/hangfire/jobs/scheduled")]
    [InlineData("/admin")]
    public async Task Without_a_password_the_browser_is_asked_for_one(string path)
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        using var answer = await host.Client.GetAsync(path, Cancellation);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        Assert.Equal("Basic realm=\"Notifier\"", answer.Headers.WwwAuthenticate.Single().ToString());
        AssertGuarded(answer);
    }

    [Fact]
    public async Task The_right_password_opens_the_pages_and_a_wrong_one_does_not()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);

        using var wrong = await host.As(password: "wrong").Client.GetAsync("/hangfire", Cancellation);
        Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);

        using var right = await host.As().Client.GetAsync("/hangfire", Cancellation);
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
        Assert.Contains("Pending emails", await right.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        AssertGuarded(right);

        using var admin = await host.Client.GetAsync("/admin", Cancellation);
        Assert.Equal((HttpStatusCode.Found, "/hangfire/why"), (admin.StatusCode, admin.Headers.Location?.OriginalString));
        AssertGuarded(admin);
    }

    [Theory]
    [InlineData("/hangfire", null)]
    [InlineData("/hangfire/pending-emails", "127.0.0.1")]
    [InlineData("/HANGFIRE/jobs/failed", "127.0.0.1")]
    [InlineData("/admin", "127.0.0.1")]
    [InlineData("/admin/not/there", null)]
    public async Task In_production_without_settings_every_page_says_in_one_line_why_it_is_closed(string path, string? forwardedFor)
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString, withAdmin: false);
        if (forwardedFor is not null) host.Client.DefaultRequestHeaders.Add("X-Forwarded-For", forwardedFor);

        using var answer = await host.As("", "").Client.GetAsync(path, Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("Closed: this page opens once Admin__User and Admin__Password are set.\n", await answer.Content.ReadAsStringAsync(Cancellation));
        AssertGuarded(answer);
    }

    [Fact]
    public async Task In_development_without_settings_the_pages_are_open_to_the_machine_itself_only()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString, "Development", withAdmin: false);

        using var own = await host.Client.GetAsync("/hangfire", Cancellation);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);

        host.Client.DefaultRequestHeaders.Add("X-Forwarded-For", "127.0.0.1");
        using var proxied = await host.Client.GetAsync("/hangfire", Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, proxied.StatusCode);

        host.Client.DefaultRequestHeaders.Remove("X-Forwarded-For");
        host.Client.DefaultRequestHeaders.Host = "rebound.example";
        using var rebound = await host.Client.GetAsync("/hangfire", Cancellation);
        Assert.Equal(HttpStatusCode.Forbidden, rebound.StatusCode);
    }

    [Theory]
    [InlineData("/hangfire/jobs/scheduled/delete")]
    [InlineData("/hangfire/recurring/trigger")]
    [InlineData("/hangfire/pending-emails/cancel/1")]
    public async Task A_command_from_another_site_is_refused_though_the_browser_sends_the_password(string command)
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        using var form = new FormUrlEncodedContent([new("jobs[]", "1")]);

        using var answer = await host.As().Client.PostAsync(command, form, Cancellation);

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_command_of_the_dashboard_itself_is_taken()
    {
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var page = await DashboardPage.OpenAsync(host.As(), "/hangfire/jobs/scheduled");

        using var answer = await page.PostAsync("/hangfire/jobs/scheduled/delete");

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
    }

    private static void AssertGuarded(HttpResponseMessage answer)
    {
        Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        Assert.Contains("frame-ancestors 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
    }
}

using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Domain;
using Notifier.Tests.Api;
using Notifier.Worker.Unsubscribe;
using Xunit;

namespace Notifier.Tests.Unsubscribe;

public sealed partial class UnsubscribeRoutesTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    /// <summary>A person of a test's own, with an address and nothing else, and the link in their mail.</summary>
    private async Task<string> LinkAsync(string id)
    {
        await api.Database.ExecuteAsync("INSERT INTO notifier.recipient (site, id, email) VALUES ('acme', $1, 'ada@acme.example')", id);
        return $"/unsubscribe/{api.Host.Services.GetRequiredService<UnsubscribeToken>().Create(new UnsubscribeClaim("acme", id, null))}";
    }

    private Task<string> StateAsync(string id) => api.Database.ScalarAsync<string>(
        """
        SELECT concat(r.unsubscribed_at IS NOT NULL, ' ', (SELECT count(*) FROM notifier.inbox WHERE shard = $2)) FROM notifier.recipient r WHERE site = 'acme' AND id = $1
        """, id, Shard.Of("acme", id));

    private async Task<Answer> RequestAsync(HttpMethod method, string link, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, link) { Content = content };
        return await api.Host.As(null).SendAsync(request);
    }

    [Fact]
    public async Task Whoever_follows_the_link_sees_a_form_and_nothing_changes()
    {
        var link = await LinkAsync("looks");

        for (var i = 0; i < 3; i++)
        {
            var page = await RequestAsync(HttpMethod.Get, link);

            Assert.Equal((200, "text/html; charset=utf-8"), (page.Status, page.Header("Content-Type")));
            Assert.Contains($"<form method=\"post\" action=\"{link.Split('/')[^1]}\">", page.Body, StringComparison.Ordinal);
            Assert.Contains("name=\"List-Unsubscribe\" value=\"One-Click\"", page.Body, StringComparison.Ordinal);
        }
        Assert.Equal((200, ""), ((await RequestAsync(HttpMethod.Head, link)).Status, (await RequestAsync(HttpMethod.Head, link)).Body));
        Assert.Equal("f 0", await StateAsync("looks"));
    }

    public static TheoryData<string, string?> Posts => new()
    {
        { "form", "application/x-www-form-urlencoded" }, { "multipart", "multipart/form-data" }, { "nothing", null }, { "other", "text/plain" }, { "broken", "multipart/form-data; boundary=x" },
    };

    [Theory]
    [MemberData(nameof(Posts))]
    public async Task A_post_unsubscribes_once_and_has_everything_open_decided_anew(string id, string? type)
    {
        var link = await LinkAsync(id);
        HttpContent? Content() => type switch
        {
            null => null,
            "application/x-www-form-urlencoded" => new StringContent("List-Unsubscribe=One-Click", Encoding.ASCII, type), // RFC 8058 section 3.1
            "multipart/form-data" => new MultipartFormDataContent { { new StringContent("One-Click"), "List-Unsubscribe" } },
            _ => new StringContent("List-Unsubscribe=One-Click") { Headers = { ContentType = MediaTypeHeaderValue.Parse(type) } },
        };

        var page = await RequestAsync(HttpMethod.Post, link, Content());

        Assert.Equal(200, page.Status);
        Assert.Contains("You are unsubscribed", page.Body, StringComparison.Ordinal);
        Assert.Equal("t 1", await StateAsync(id));

        await RequestAsync(HttpMethod.Post, link, Content());
        Assert.Equal("t 1", await StateAsync(id));
        Assert.Contains("You are unsubscribed", (await RequestAsync(HttpMethod.Get, link)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_can_be_undone()
    {
        var link = await LinkAsync("mistake");
        var done = await RequestAsync(HttpMethod.Post, link);
        Assert.Contains("name=\"undo\"", done.Body, StringComparison.Ordinal);

        var page = await RequestAsync(HttpMethod.Post, link, new FormUrlEncodedContent([new("undo", "1")]));

        Assert.Contains("You get emails again", page.Body, StringComparison.Ordinal);
        Assert.Equal("f 2", await StateAsync("mistake"));
    }

    [Fact]
    public async Task Somebody_who_was_erased_meanwhile_is_told_that_no_more_emails_come()
    {
        var link = await LinkAsync("gone");
        await api.Database.ExecuteAsync("DELETE FROM notifier.recipient WHERE id = 'gone'");

        Assert.Contains("You are unsubscribed", (await RequestAsync(HttpMethod.Post, link)).Body, StringComparison.Ordinal);
        Assert.Equal(0, await api.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.recipient WHERE id = 'gone'"));
    }

    [Fact]
    public async Task A_link_that_was_cut_off_says_what_to_do()
    {
        var link = await LinkAsync("cut");

        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Post])
        {
            var page = await RequestAsync(method, link[..^1]);
            Assert.Equal((404, "text/html; charset=utf-8"), (page.Status, page.Header("Content-Type")));
            Assert.Contains("This link does not work", page.Body, StringComparison.Ordinal);
        }
        Assert.Equal("f 0", await StateAsync("cut"));
    }

    [Fact]
    public async Task The_page_runs_nothing_loads_nothing_and_keeps_its_address_to_itself()
    {
        var link = await LinkAsync("guarded");

        foreach (var page in new[] { await RequestAsync(HttpMethod.Get, link), await RequestAsync(HttpMethod.Get, "/unsubscribe/none"), await RequestAsync(HttpMethod.Post, link) })
        {
            var style = Style().Match(page.Body).Groups[1].Value;
            var hash = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(style)));
            Assert.Equal($"default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", page.Header("Content-Security-Policy"));
            Assert.Contains("prefers-color-scheme: dark", style, StringComparison.Ordinal);
            Assert.Equal(("no-referrer", "no-store", "noindex, nofollow", "nosniff"),
                (page.Header("Referrer-Policy"), page.Header("Cache-Control"), page.Header("X-Robots-Tag"), page.Header("X-Content-Type-Options")));
            Assert.Null(page.Header("Set-Cookie"));
            Assert.DoesNotContain("<script", page.Body, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task The_site_is_called_by_its_name_and_its_name_is_text()
    {
        var link = await LinkAsync("named");
        Assert.Contains("Stop emails from <bdi>acme</bdi>?", (await RequestAsync(HttpMethod.Get, link)).Body, StringComparison.Ordinal);

        await api.Database.ExecuteAsync("INSERT INTO notifier.site (id, name) VALUES ('acme', 'Acme <b>&')");
        Assert.Contains("Stop emails from <bdi>Acme &lt;b&gt;&amp;</bdi>?", (await RequestAsync(HttpMethod.Get, link)).Body, StringComparison.Ordinal);
        await api.Database.ExecuteAsync("DELETE FROM notifier.site");
    }

    [GeneratedRegex("<style>(.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();
}

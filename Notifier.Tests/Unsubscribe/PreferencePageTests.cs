using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Domain;
using Notifier.Tests.Api;
using Notifier.Worker.Unsubscribe;
using Xunit;

namespace Notifier.Tests.Unsubscribe;

/// <summary>The choices between all and nothing, behind the link in an email.</summary>
public sealed partial class PreferencePageTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string None = "{}";

    private async Task<string> LinkAsync(string id, string preferences = None, string? locale = null, string? conversation = "c-9")
    {
        await api.Database.ExecuteAsync(
            "INSERT INTO notifier.recipient (site, id, email, locale, time_zone, preferences) VALUES ('acme', $1, 'ada@acme.example', $2, 'Europe/Paris', $3::jsonb)",
            id, (object?)locale ?? DBNull.Value, preferences);
        return $"/unsubscribe/{api.Host.Services.GetRequiredService<UnsubscribeToken>().Create(new UnsubscribeClaim("acme", id, conversation))}";
    }

    private Task<string> PreferencesAsync(string id) => api.Database.ScalarAsync<string>("SELECT preferences::text FROM notifier.recipient WHERE site = 'acme' AND id = $1", id);

    private Task<long> ChangesAsync(string id) => api.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox WHERE shard = $1 AND body LIKE '%' || $2 || '%'", Shard.Of("acme", id), id);

    private async Task<Answer> RequestAsync(HttpMethod method, string link, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(method, link);
        if (method == HttpMethod.Post) request.Content = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        return await api.Host.As(null).SendAsync(request);
    }

    private async Task<(string, string)> TokenAsync(string link) => ("form", FormField().Match((await RequestAsync(HttpMethod.Get, link)).Body).Groups[1].Value);

    [Fact]
    public async Task The_form_shows_what_holds_and_to_look_at_it_changes_nothing()
    {
        var link = await LinkAsync("looking", """{ "emailDelay": "06:00:00", "quietHours": [{ "days": [6, 7], "from": "21:30", "to": "09:00" }], "conversations": { "c-9": { "level": "mentions" } } }""");
        var before = await PreferencesAsync("looking");

        var page = (await RequestAsync(HttpMethod.Get, link)).Body;

        Assert.Contains("value=\"mentions\" checked", page, StringComparison.Ordinal);
        Assert.Contains("value=\"06:00:00\" selected", page, StringComparison.Ordinal);
        Assert.Contains("name=\"quiet\" value=\"1\" checked", page, StringComparison.Ordinal);
        Assert.Contains("value=\"21:30\"", page, StringComparison.Ordinal);
        Assert.Equal(2, DayChecked().Count(page));
        Assert.Contains("Europe/Paris", page, StringComparison.Ordinal);
        Assert.Equal(before, await PreferencesAsync("looking"));
        Assert.Equal(0, await ChangesAsync("looking"));
    }

    [Fact]
    public async Task What_is_chosen_is_kept_and_everything_open_decided_anew()
    {
        var link = await LinkAsync("chooses", """{ "push": false, "conversations": { "c-1": { "level": "none" } } }""");

        var answer = await RequestAsync(HttpMethod.Post, link + "/settings",
            await TokenAsync(link), ("level", "none"), ("delay", "06:00:00"), ("quiet", "1"), ("from", "22:00"), ("to", "07:00"), ("days", "1"), ("days", "7"));

        Assert.Equal((303, $"../{link.Split('/')[^1]}?saved"), (answer.Status, answer.Header("Location")));
        Assert.Equal(
            """{"push": false, "emailDelay": "06:00:00", "quietHours": [{"to": "07:00", "days": [1, 7], "from": "22:00"}], "conversations": {"c-1": {"level": "none"}, "c-9": {"level": "none"}}}""",
            await PreferencesAsync("chooses"));
        Assert.Equal(1, await ChangesAsync("chooses"));
        Assert.Contains("Your choices are saved.", (await RequestAsync(HttpMethod.Get, link + "?saved")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_shown_stays_and_what_is_switched_off_goes()
    {
        const string Two = """{"quietHours": [{"to": "07:00", "days": [], "from": "22:00"}, {"to": "14:00", "days": [7], "from": "12:00"}]}""";
        var two = await LinkAsync("two", Two, conversation: null);
        var one = await LinkAsync("one", """{ "quietHours": [{ "days": [], "from": "22:00", "to": "07:00" }] }""", conversation: null);
        Assert.DoesNotContain("name=\"quiet\"", (await RequestAsync(HttpMethod.Get, two)).Body, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"level\"", (await RequestAsync(HttpMethod.Get, two)).Body, StringComparison.Ordinal);

        await RequestAsync(HttpMethod.Post, two + "/settings", await TokenAsync(two), ("delay", ""), ("level", "none"));
        await RequestAsync(HttpMethod.Post, one + "/settings", await TokenAsync(one), ("delay", ""), ("from", "22:00"), ("to", "07:00"), ("days", "1"));

        Assert.Equal(Two, await PreferencesAsync("two"));
        Assert.Equal(None, await PreferencesAsync("one"));
    }

    public static TheoryData<string, string[]> Wrong => new()
    {
        { "no day", ["quiet=1", "from=22:00", "to=07:00"] }, { "no such day", ["quiet=1", "from=22:00", "to=07:00", "days=8"] }, { "no time", ["quiet=1", "from=", "to=07:00", "days=1"] },
        { "no delay", ["delay=soon"] }, { "too long", ["delay=2.00:00:00"] }, { "too short", ["delay=00:00:01"] }, { "level", ["level=loud"] }, { "number", ["level=1"] },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public async Task What_the_form_does_not_offer_changes_nothing(string id, string[] fields)
    {
        var link = await LinkAsync(id);

        var answer = await RequestAsync(HttpMethod.Post, link + "/settings", [await TokenAsync(link), .. fields.Select(f => (f.Split('=')[0], f.Split('=')[1]))]);

        Assert.Equal(400, answer.Status);
        Assert.Contains("Nothing was changed.", answer.Body, StringComparison.Ordinal);
        Assert.Equal(None, await PreferencesAsync(id));
        Assert.Equal(fields.Contains("quiet=1"), answer.Body.Contains("name=\"quiet\" value=\"1\" checked", StringComparison.Ordinal));
        // It is shown below the link, and leads back to it all the same.
        var token = link.Split('/')[^1];
        Assert.Contains($"action=\"../{token}\"", answer.Body, StringComparison.Ordinal);
        Assert.Contains($"action=\"../{token}/settings\"", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_form_of_this_link_is_taken_and_only_while_it_is_fresh()
    {
        var link = await LinkAsync("mine");
        var (name, good) = await TokenAsync(link);
        var other = (await TokenAsync(await LinkAsync("other"))).Item2;
        var old = $"1000000000.{good.Split('.')[1]}";
        var coming = $"9000000000.{good.Split('.')[1]}";

        foreach (var wrong in new[] { "", "x", ".", good[..^1], good + "x", other, old, coming, new string('1', 200) })
        {
            var answer = await RequestAsync(HttpMethod.Post, link + "/settings", (name, wrong), ("level", "none"));
            Assert.Equal(400, answer.Status);
            Assert.Contains("open for too long", answer.Body, StringComparison.Ordinal);
        }
        Assert.Equal(400, (await RequestAsync(HttpMethod.Post, link + "/settings", ("level", "none"))).Status);
        Assert.Equal(404, (await RequestAsync(HttpMethod.Post, link[..^1] + "/settings", (name, good), ("level", "none"))).Status);
        Assert.Equal(None, await PreferencesAsync("mine"));
    }

    [Theory]
    [InlineData("de-AT", "<html lang=\"de\" dir=\"ltr\">", "Keine E-Mails mehr von")]
    [InlineData("ar", "<html lang=\"ar\" dir=\"rtl\">", "ساعات الهدوء")]
    [InlineData("ja", "<html lang=\"ja\" dir=\"ltr\">", "おやすみ時間")]
    [InlineData("tlh", "<html lang=\"en\" dir=\"ltr\">", "Quiet hours")]
    public async Task The_page_is_in_the_persons_language(string locale, string html, string words)
    {
        var page = (await RequestAsync(HttpMethod.Get, await LinkAsync($"speaks {locale}", locale: locale))).Body;

        Assert.Contains(html, page, StringComparison.Ordinal);
        Assert.Contains(words, page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "Ce lien ne fonctionne pas")]
    [InlineData("tlh, de;q=0.5", "Dieser Link funktioniert nicht")]
    [InlineData("*", "This link does not work")]
    [InlineData("", "This link does not work")]
    public async Task Of_a_link_that_does_not_work_the_browser_says_the_language(string accepted, string title)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/unsubscribe/none");
        request.Headers.TryAddWithoutValidation("Accept-Language", accepted);

        Assert.Contains(title, (await api.Host.As(null).SendAsync(request)).Body, StringComparison.Ordinal);
    }

    [GeneratedRegex("name=\"form\" value=\"([^\"]+)\"")]
    private static partial Regex FormField();

    [GeneratedRegex("name=\"days\" value=\"[1-7]\" checked")]
    private static partial Regex DayChecked();
}

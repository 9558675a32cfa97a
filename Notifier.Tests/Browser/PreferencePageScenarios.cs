using System.Text.Json.Nodes;
using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>The page behind the links in an email, in Chromium: what it looks like to everyone, and what each choice does.</summary>
public sealed class PreferencePageScenarios(Stage stage) : IClassFixture<Stage>
{
    private static int _people;

    [Fact]
    public async Task Every_state_of_the_page_can_be_read_by_everyone_in_every_language_at_every_width()
    {
        var screens = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "screens")).FullName;
        var faults = new List<string>();
        await using var chromium = await BrowserProcess.StartChromiumAsync();

        foreach (var locale in new[] { "en", "de", "ar" })
        {
            var (_, link) = await PersonAsync(locale);
            foreach (var (width, scheme) in new[] { (800, "light"), (800, "dark"), (360, "light"), (360, "dark") })
            {
                var tab = await chromium.OpenAsync(link);
                await tab.SizeAsync(width, 900, scheme);
                await LookAsync("choices");
                await tab.ClickThroughAsync("form[action$=settings] button");
                await LookAsync("saved");
                await tab.EvaluateAsync("document.querySelectorAll('[name=days]').forEach(day => day.checked = false); document.querySelector('[name=quiet]').checked = true");
                await tab.ClickThroughAsync("form[action$=settings] button");
                await LookAsync("wrong");
                await tab.ClickThroughAsync("[name=List-Unsubscribe]");
                await LookAsync("done");
                await tab.ClickThroughAsync("[name=undo]");
                await LookAsync("undone");
                await tab.CloseAsync();

                async Task LookAsync(string state)
                {
                    var name = $"unsubscribe-{locale}-{state}-{width}-{scheme}";
                    await tab.ScreenshotAsync(Path.Combine(screens, $"{name}.png"));
                    var found = await tab.AccessibilityFaultsAsync();
                    if (found.Count > 0) faults.Add($"{name}: {found}");
                    if (!(bool)(await tab.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!) faults.Add($"{name}: wider than the window");
                }
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }

    [Fact]
    public async Task With_the_keyboard_alone_each_choice_is_made_holds_and_is_shown()
    {
        var (bob, link) = await PersonAsync("en");
        await using var chromium = await BrowserProcess.StartChromiumAsync();
        var tab = await chromium.OpenAsync(link);
        Assert.Equal("{}", await PreferencesAsync(bob)); // to look at it changes nothing

        await TabToAsync(tab, "[name=level]:checked");
        await tab.PressAsync("ArrowDown");
        await tab.PressAsync("ArrowDown");
        await TabToAsync(tab, "[name=delay]");
        await tab.PressAsync("ArrowDown");
        await tab.PressAsync("ArrowDown");
        await TabToAsync(tab, "[name=quiet]");
        await tab.PressAsync("Space");
        await TabToAsync(tab, "[name=days][value='6']");
        await tab.PressAsync("Space");
        await TabToAsync(tab, "form[action$=settings] button");
        await tab.PressThroughAsync("Enter");

        Assert.Equal("Your choices are saved.", (string?)await tab.EvaluateAsync("document.activeElement.textContent"));
        Assert.Equal("Your choices are saved.", (string?)await tab.EvaluateAsync("document.title"));
        Assert.Equal("none, 06:00:00, true, 1 2 3 4 5 7", (string?)await tab.EvaluateAsync(
            "[document.querySelector('[name=level]:checked').value, document.querySelector('[name=delay]').value, document.querySelector('[name=quiet]').checked, [...document.querySelectorAll('[name=days]:checked')].map(d => d.value).join(' ')].join(', ')"));
        Assert.Equal(
            """{"emailDelay": "06:00:00", "quietHours": [{"to": "07:00", "days": [1, 2, 3, 4, 5, 7], "from": "22:00"}], "conversations": {"%c": {"level": "none"}}}""".Replace("%c", bob.Conversation("c"), StringComparison.Ordinal),
            await PreferencesAsync(bob));
        await stage.PublishAsync(bob.Said("c", "m2", 2), bob.Said("d", "m3", 1));
        Assert.Contains("email skip conversation_muted", await stage.WhyAsync(bob, bob.Message("m2")));
        Assert.Equal(3, Math.Round(await stage.Database.ScalarAsync<double>(
            "SELECT extract(epoch FROM email_at - notifier.now())::float8 / 3600 FROM notifier.escalation WHERE conversation = $1", bob.Conversation("d"))));
    }

    [Fact]
    public async Task Who_unsubscribes_gets_no_more_and_can_come_back()
    {
        var (bob, link) = await PersonAsync("en");
        await using var chromium = await BrowserProcess.StartChromiumAsync();
        var tab = await chromium.OpenAsync(link);
        Assert.Equal("Unsubscribe", await TabToAsync(tab, "button"));

        await tab.PressThroughAsync("Enter");
        Assert.Equal("You are unsubscribed", (string?)await tab.EvaluateAsync("document.querySelector('h1').textContent"));
        await stage.PublishAsync(bob.Said("d", "m2", 1));
        Assert.Contains("email skip unsubscribed", await stage.WhyAsync(bob, bob.Message("m2")));
        var later = await chromium.OpenAsync(link);
        Assert.Equal("You are unsubscribed", (string?)await later.EvaluateAsync("document.querySelector('h1').textContent"));

        await later.ClickThroughAsync("[name=undo]");
        Assert.Equal("You get emails again", (string?)await later.EvaluateAsync("document.querySelector('h1').textContent"));
        await stage.PublishAsync(bob.Said("e", "m3", 1));
        Assert.Contains("email wait delay", await stage.WhyAsync(bob, bob.Message("m3")));
    }

    /// <summary>Presses Tab until something has the focus; each stop on the way must be one that can be seen.</summary>
    /// <returns>What stands on it.</returns>
    private static async Task<string> TabToAsync(Tab tab, string selector)
    {
        for (var stops = 0; stops < 30; stops++)
        {
            await tab.PressAsync("Tab");
            Assert.NotEqual("none", (string?)await tab.EvaluateAsync("getComputedStyle(document.activeElement).outlineStyle"));
            if ((bool)(await tab.EvaluateAsync($"document.activeElement.matches({System.Text.Json.JsonSerializer.Serialize(selector)})"))!)
                return (string)(await tab.EvaluateAsync("document.activeElement.textContent"))!;
        }
        throw new InvalidOperationException($"The keyboard does not come to {selector}.");
    }

    private Task<string> PreferencesAsync(Person person) => stage.Database.ScalarAsync<string>("SELECT preferences::text FROM notifier.recipient WHERE id = $1", person.Id);

    private async Task<(Person Person, Uri Link)> PersonAsync(string locale)
    {
        var id = $"reads-{locale}-{Interlocked.Increment(ref _people)}";
        await stage.PutAsync($"/v1/sites/acme/recipients/{id}", new { email = $"{id}@example.org", name = id, locale, timeZone = "Europe/Paris" });
        var person = new Person(stage, id, $"{id}@example.org");
        await stage.PublishAsync(person.Said("c", "m", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(6));
        var mail = await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(person.Address), Stage.Soon);
        await stage.SentAsync(person);
        return (person, new Uri(stage.Worker.Client.BaseAddress!, new Uri(mail.Message.Headers["List-Unsubscribe"]!.Split('<', '>')[1]).PathAndQuery));
    }
}

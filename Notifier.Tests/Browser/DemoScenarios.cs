using System.Text.Json.Nodes;
using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>The demo page, as a person uses it: with the keyboard, on a wide screen and on a phone, in light and dark.</summary>
public sealed class DemoScenarios(DemoStage stage) : IClassFixture<DemoStage>
{
    [Fact]
    public async Task Two_people_write_to_each_other_and_see_ticks_unread_counts_and_the_ladder()
    {
        var ada = await stage.OpenAsync("ada", 1200, 800, "light");
        var bob = await stage.OpenAsync("bob", 360, 740, "dark");
        await ada.ToFrontAsync();
        await ada.ClickAsync("[data-conversation='ada-bob']");
        await ada.TypeAsync("#text", "Are the tomatoes ripe?");
        await ada.PressAsync("Enter");
        await bob.WaitForAsync("document.querySelector('[data-conversation=ada-bob] .unread')?.textContent.startsWith('1')", Stage.Soon, "one unread message in Bob's list");
        await ada.WaitForAsync("document.querySelector('.mine .tick')?.ariaLabel === 'delivered'", Stage.Soon, "the tick for delivered");

        await bob.ToFrontAsync();
        await bob.ClickAsync("[data-conversation='ada-bob']");
        await ada.WaitForAsync("document.querySelector('.mine .tick').ariaLabel === 'seen'", Stage.Soon, "the tick for seen");
        await bob.WaitForAsync("!document.querySelector('.unread')", Stage.Soon, "nothing unread");
        await bob.TypeAsync("#text", "Nearly!");
        await ada.WaitForAsync("document.getElementById('typing').textContent === 'Bob is typing…'", Stage.Soon, "Bob typing");

        await ada.ToFrontAsync();
        await ada.WaitForAsync("document.querySelector('#ladder .rung.done .rung-words')?.textContent === 'seen'", Stage.Soon, "the ladder's first rung: seen");
        await ada.WaitForAsync("[...document.querySelectorAll('#ladder .rung-why')].some(w => w.textContent === 'has seen it')", Stage.Soon, "the notifier's reason on the ladder");
    }

    [Fact]
    public async Task Who_closes_the_tab_is_told_by_an_email_that_the_page_shows_without_running_anything_of_it()
    {
        var ada = await stage.OpenAsync("ada", 1200, 800, "light");
        await ada.ClickAsync("[data-conversation='ada-cleo']");
        await ada.TypeAsync("#text", "Did you find the key?");
        await ada.PressAsync("Enter");
        await ada.WaitForAsync("document.querySelector('#ladder')?.textContent.includes('no tab took it')", Stage.Soon, "no tab took it");
        await ada.ClickAsync("#tab-mail");
        await ada.WaitForAsync("document.querySelector('#mail .row')?.textContent.includes('cleo@demo.example')", Stage.Soon, "the email in the folder");
        await ada.ClickAsync("#mail .row");
        await ada.WaitForAsync("document.querySelector('#mail iframe')?.getAttribute('sandbox') === 'allow-popups allow-popups-to-escape-sandbox'", Stage.Soon, "the email in a sandbox");
    }

    [Fact]
    public async Task The_latency_test_measures_from_one_tab_to_the_other()
    {
        var ada = await stage.OpenAsync("ada", 1200, 800, "light");
        await stage.OpenAsync("ada", 1200, 800, "light");
        await ada.ToFrontAsync();
        await ada.ClickAsync("#tab-latency");
        await ada.WaitForAsync("document.getElementById('invite').textContent.startsWith('Measures to')", Stage.Soon, "the other tab found");
        await ada.ClickAsync("#measure");
        await ada.WaitForAsync("document.querySelectorAll('.figures tbody td').length === 6", Stage.Soon, "the figures of relay and polling");
    }

    [Fact]
    public async Task No_part_of_the_page_breaks_a_rule_of_accessibility_that_a_program_can_check()
    {
        foreach (var (width, scheme) in new[] { (1200, "light"), (1200, "dark"), (360, "light"), (360, "dark") })
        {
            var tab = await stage.OpenAsync("bob", width, 780, scheme);
            await CheckAsync(tab, $"{width} {scheme}, the list");
            await tab.ClickAsync("[data-conversation='allotment']");
            await CheckAsync(tab, $"{width} {scheme}, a conversation");
            if (width < 1100) await tab.ClickAsync("#behind");
            foreach (var scene in new[] { "ladder", "mail", "latency" })
            {
                await tab.ClickAsync($"#tab-{scene}");
                await CheckAsync(tab, $"{width} {scheme}, {scene}");
            }
            Assert.True((bool)(await tab.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!, $"{width}: wider than the screen");
            await tab.CloseAsync();
        }
    }

    private static async Task CheckAsync(Tab tab, string where)
    {
        var found = await tab.AccessibilityFaultsAsync();
        Assert.True(found.Count == 0, $"{where}: {found}");
    }
}

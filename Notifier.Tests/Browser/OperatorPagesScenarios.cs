using System.Text.Json.Nodes;
using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>The operators' pages in Chromium: on a wide screen and on a phone, in light and dark, after a day with something in it.</summary>
public sealed class OperatorPagesScenarios(Stage stage) : IClassFixture<Stage>
{
    [Fact]
    public async Task Every_page_can_be_read_by_everyone_at_every_width()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon);
        await stage.AdvanceAsync(TimeSpan.FromMinutes(11));
        await stage.SentAsync(bob);
        await stage.Database.ExecuteAsync(
            "INSERT INTO notifier.dead_letter (site, kind, source, event_id, reason, detail, body) VALUES ('acme', 'event', 's', 'e', 'unreadable', '$.data.message.seq must be a whole number of at least 0', '{}')");
        await stage.Database.ExecuteAsync("INSERT INTO notifier.site (id, settings) VALUES ('beta', '{\"Escalation__EmailDelay\": \"00:20:00\"}')");
        await stage.Database.ExecuteAsync("INSERT INTO notifier.suppression (site, address, reason, detail) VALUES ('acme', 'carol@example.org', 'bounced', '5.1.1 no such user')");
        var screens = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "screens")).FullName;
        var faults = new List<string>();
        await using var chromium = await BrowserProcess.StartChromiumAsync();

        foreach (var (width, scheme) in new[] { (1200, "light"), (1200, "dark"), (360, "light"), (360, "dark") })
            foreach (var (name, path) in new[]
            {
                ("why", "/admin"), ("message", $"/hangfire/why?q={bob.Message("m")}"), ("person", $"/hangfire/why?q={bob.Id}"), ("dead-letters", "/hangfire/dead-letters"),
                ("sites", "/hangfire/sites"), ("rates", "/hangfire/rates"), ("pending-emails", "/hangfire/pending-emails"), ("suppressed-addresses", "/hangfire/suppressed-addresses"),
            })
            {
                var tab = await chromium.OpenAsync(new Uri(stage.Worker.Client.BaseAddress!, path));
                await tab.SizeAsync(width, 800, scheme);
                await tab.ScreenshotAsync(Path.Combine(screens, $"{name}-{width}-{scheme}.png"));
                // The frame is Hangfire's; what is in it is ours.
                var found = await tab.AccessibilityFaultsAsync("'#page-title, .col-md-12'");
                if (found.Count > 0) faults.Add($"{name} at {width} {scheme}: {found}");
                if (!(bool)(await tab.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!) faults.Add($"{name}: wider than {width}");
                await tab.CloseAsync();
            }
        Assert.True(faults.Count == 0, string.Join('\n', faults));
    }
}

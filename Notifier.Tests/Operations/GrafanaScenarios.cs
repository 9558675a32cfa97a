using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Notifier.Tests.Docs;
using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Operations;

/// <summary>The dashboard for Grafana, against what worker and relay really say.</summary>
public sealed partial class GrafanaScenarios(Stage stage) : IClassFixture<Stage>
{
    [Fact]
    public async Task Every_metric_and_label_of_the_dashboard_is_in_a_scrape()
    {
        var bob = await stage.PersonAsync();
        await stage.PublishAsync(bob.Said("c", "m", 1));
        await stage.Push.WaitForPushAsync(bob.Device!, Stage.Soon);
        await stage.PublishAsync(bob.Said("d", "n", 1));
        await stage.AdvanceAsync(TimeSpan.FromMinutes(11));
        await stage.Mail.WaitForMailAsync(m => m.RcptTo.Contains(bob.Address), Stage.Soon);
        await using var relay = await ServiceProcess.StartRelayAsync(new Dictionary<string, string>
        {
            ["ConnectionStrings__Notifier"] = stage.Database.ConnectionString,
            ["Intake__ApiKeys__0"] = "a-key-for-the-tests",
            ["Connect__SigningKey"] = "a connect key of forty characters, no less",
        });
        var dashboard = JsonNode.Parse(await File.ReadAllTextAsync(Repository.File("grafana/notifier.json"), TestContext.Current.CancellationToken))!;
        var expressions = dashboard["panels"]!.AsArray().SelectMany(p => p!["targets"]!.AsArray()).Select(t => (string)t!["expr"]!).ToArray();
        Assert.True(expressions.Length >= 12);

        var wanted = expressions.SelectMany(e => Metric().Matches(e)).Select(m => m.Value).ToHashSet();
        var labels = expressions.SelectMany(e => By().Matches(e)).SelectMany(m => m.Groups[1].Value.Split(", ")).ToHashSet();
        var missing = new List<string> { "nothing was scraped yet" };
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        for (var tries = 0; tries < 150 && missing.Count > 0; tries++, await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken))
        {
            var scrape = await stage.Worker.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken) + await relay.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
            missing = [.. wanted.Where(m => !Regex.IsMatch(scrape, $"^{m}[ {{]", RegexOptions.Multiline)), .. labels.Where(l => !scrape.Contains($"{l}=\"", StringComparison.Ordinal))];
        }
        Assert.Empty(missing);
    }

    [GeneratedRegex("\\b(notifier|relay)_[a-z_]+")]
    private static partial Regex Metric();

    [GeneratedRegex("by \\(([a-z, ]+)\\)")]
    private static partial Regex By();
}

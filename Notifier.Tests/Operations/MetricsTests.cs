using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifier.Domain;
using Notifier.Worker.Operations;
using Xunit;

namespace Notifier.Tests.Operations;

[Collection(OneHostAtATime.Name)]
public sealed partial class MetricsTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await database.ClearAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_scrape_shows_exactly_the_promised_names_kinds_and_labels()
    {
        await database.EscalationAsync(new("acme", "u-2", "c-9"), TimeSpan.FromMinutes(5));
        await using var host = await OperationsHost.StartAsync(database.ConnectionString);
        var metrics = host.Services.GetRequiredService<NotifierMetrics>();
        metrics.Received("message.outcome", 3);
        metrics.Decided(Channel.Email, Ruling.Skip(Reason.AlreadySeen));
        metrics.Pushed("https://push.example", "accepted");
        metrics.Emailed("sent");
        metrics.Notified(Channel.Push, TimeSpan.FromSeconds(1.5));
        await host.Services.GetServices<IHostedService>().OfType<BacklogGauges>().Single().RefreshAsync(Cancellation);

        var scrape = await host.Client.GetStringAsync("/metrics", Cancellation);

        Assert.Equal(
            [
                "notifier_decisions_total counter", "notifier_email_total counter", "notifier_escalations_open gauge", "notifier_events_total counter",
                "notifier_inbox_depth gauge", "notifier_inbox_oldest_seconds gauge", "notifier_missed gauge", "notifier_push_total counter",
                "notifier_time_to_notify_seconds histogram",
            ],
            TypeLine().Matches(scrape).Select(m => m.Groups[1].Value).Order(StringComparer.Ordinal));
        Assert.Equal(
            [
                "notifier_decisions_total{channel,reason,verdict}", "notifier_email_total{outcome}", "notifier_escalations_open", "notifier_events_total{type}",
                "notifier_inbox_depth", "notifier_inbox_oldest_seconds", "notifier_missed", "notifier_push_total{origin,outcome}",
                "notifier_time_to_notify_seconds_bucket{channel,le}", "notifier_time_to_notify_seconds_count{channel}", "notifier_time_to_notify_seconds_sum{channel}",
            ],
            SampleLine().Matches(scrape).Select(Shape).Distinct().Order(StringComparer.Ordinal));
        Assert.Matches("""(?m)^notifier_events_total\{type="message.outcome"\} 3( |$)""", scrape);
        Assert.Matches("""(?m)^notifier_events_total\{type="relay.alive"\} 0( |$)""", scrape);
        Assert.Matches("""(?m)^notifier_decisions_total\{channel="email",reason="already_seen",verdict="skip"\} 1( |$)""", scrape);
        Assert.Matches("(?m)^notifier_escalations_open 1( |$)", scrape);
        Assert.Matches("(?m)^notifier_missed 0( |$)", scrape);
    }

    [Fact]
    public async Task While_the_backlog_cannot_be_measured_no_old_number_is_shown()
    {
        await using var host = await OperationsHost.StartAsync("Host=127.0.0.1;Port=1;Username=nobody;Database=none");

        var scrape = await host.Client.GetStringAsync("/metrics", Cancellation);

        Assert.Contains("notifier_events_total", scrape, StringComparison.Ordinal);
        Assert.DoesNotContain("notifier_inbox_depth", scrape, StringComparison.Ordinal);
    }

    private static string Shape(Match sample)
    {
        var labels = string.Join(',', LabelName().Matches(sample.Groups["labels"].Value).Select(m => m.Groups[1].Value));
        return sample.Groups["name"].Value + (labels.Length > 0 ? $"{{{labels}}}" : "");
    }

    [GeneratedRegex(@"^# TYPE (.+)$", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^(?<name>[^#\s{]+)(?<labels>\{.*\})? ", RegexOptions.Multiline)]
    private static partial Regex SampleLine();

    [GeneratedRegex(@"([a-z_]+)=""")]
    private static partial Regex LabelName();
}

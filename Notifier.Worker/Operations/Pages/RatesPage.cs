using System.Globalization;
using Hangfire.Dashboard;
using Hangfire.Dashboard.Pages;

namespace Notifier.Worker.Operations.Pages;

/// <summary>The last hour in small charts: how much comes and goes, and how far behind we are. Drawn here, as SVG in the page.</summary>
internal sealed class RatesPage : OperatorPage
{
    public const string Route = "/rates";

    private const int Width = 320, Height = 80;

    public override void Execute()
    {
        Layout = new LayoutPage("Rates");
        var readings = Context.GetHttpContext().RequestServices.GetRequiredService<RateHistory>().Readings;

        Begin("Rates");
        Markup($"""
            <p>The last hour. Rates are this worker’s own; what waits is the database’s. For more than an hour, and every worker together: <code>/metrics</code> and <code>grafana/notifier.json</code>.</p>
            <div class="charts">
            """);
        Rate("Events in", "notifier_events_total");
        Rate("Decisions", "notifier_decisions_total");
        Rate("Push answers", "notifier_push_total");
        Rate("Emails", "notifier_email_total");
        Chart("Events that wait", "", readings.Select(r => (double?)r.Backlog?.InboxDepth));
        Chart("Age of the oldest", " s", readings.Select(r => r.Backlog?.InboxOldest.TotalSeconds));
        Chart("Open escalations", "", readings.Select(r => (double?)r.Backlog?.EscalationsOpen));
        Chart("Missed", "", readings.Select(r => (double?)r.Backlog?.Missed));
        Markup($"</div>");
        End();

        void Rate(string title, string counter) => Chart(title, " /s", readings.Select(r => (double?)r.Rates.GetValueOrDefault(counter)));
        void Chart(string title, string unit, IEnumerable<double?> values) => Draw(title, unit, [.. values]);
    }

    private void Draw(string title, string unit, double?[] values)
    {
        var known = values.OfType<double>().ToArray();
        var (now, most) = known.Length == 0 ? ("not known yet", "") : ($"{Number(known[^1])}{unit}", $"most {Number(known.Max())}{unit}");
        Markup($"""
            <figure>
              <figcaption><strong>{title}</strong> {now} <small>{most}</small></figcaption>
              <svg role="img" aria-label="{title}: {now}, {most}" viewBox="0 0 {Width} {Height}" width="{Width}" height="{Height}">
                <polyline fill="none" stroke="currentColor" stroke-width="1.5" points="{new NonEscapedString(Points(values.Length == 1 ? [values[0], values[0]] : values, known.DefaultIfEmpty(0).Max()))}"></polyline>
              </svg>
            </figure>
            """);
    }

    private static string Points(double?[] values, double most) => string.Join(' ', values.Index().Where(v => v.Item is not null).Select(v => string.Create(
        CultureInfo.InvariantCulture, $"{(double)Width * v.Index / (values.Length - 1):0.#},{Height - 2 - ((Height - 4) * (most > 0 ? v.Item!.Value / most : 0)):0.#}")));

    private static string Number(double value) => value.ToString(value < 10 ? "0.##" : "#,0", CultureInfo.InvariantCulture);
}

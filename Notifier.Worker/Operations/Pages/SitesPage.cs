using Hangfire.Dashboard;
using Hangfire.Dashboard.Pages;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations.Pages;

/// <summary>The sites that have something of their own: what, never its value.</summary>
internal sealed class SitesPage : OperatorPage
{
    public const string Route = "/sites";

    public override void Execute()
    {
        Layout = new LayoutPage("Sites");
        var rows = Context.GetHttpContext().RequestServices.GetRequiredService<SiteStore>().Page(Query("after") ?? "", PerPage + 1);

        Begin("Sites");
        Markup($"""
            <p>Only sites with something of their own have a row; what is not in it comes from the settings. The worker’s command <code>site</code> changes them.</p>
            """);
        Table("Rows", "Site", "State", "API keys", "Of its own", "Since");
        foreach (var row in rows.Take(PerPage))
        {
            var own = row.Settings.Keys.Concat(row.Secrets.Keys).Order(StringComparer.Ordinal).ToArray();
            Markup($"""
                <tr><td class="word-break"><bdi>{row.Id}</bdi></td><td>{(row.Enabled ? "enabled" : "disabled")}</td><td>{row.Keys.Count}</td>
                <td class="word-break">{(own.Length == 0 ? "–" : string.Join(", ", own))}</td><td class="min-width">{WhyPage.At(row.CreatedAt)}</td></tr>
                """);
        }
        EndTable();
        if (rows.Count > PerPage) Next(Address(Route, ("after", rows[PerPage - 1].Id)));
        End();
    }
}

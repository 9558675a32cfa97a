using System.Globalization;
using Hangfire.Dashboard;
using Hangfire.Dashboard.Pages;
using Notifier.Worker.Operations.Pages;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>The addresses that no mail goes to, why, and a button that releases one.</summary>
internal sealed class SuppressedAddressesPage : OperatorPage
{
    public const string Route = "/suppressed-addresses";

    public override void Execute()
    {
        Layout = new LayoutPage("Suppressed addresses");
        var addresses = Context.GetHttpContext().RequestServices.GetRequiredService<SuppressionStore>();
        var search = Search();

        Begin("Suppressed addresses");
        SearchForm(Route, search, "Address or recipient id");
        var all = search.Length > 0 ? addresses.Find(search) : addresses.List(long.TryParse(Query("before"), NumberStyles.None, CultureInfo.InvariantCulture, out var before) ? before : long.MaxValue, PerPage + 1);
        var rows = search.Length > 0 ? all : [.. all.Take(PerPage)];
        Rows(rows, search);
        if (all.Count > rows.Count) Next(Address(Route, ("before", rows[^1].Id.ToString(CultureInfo.InvariantCulture))));
        End();
    }

    private void Rows(IReadOnlyList<SuppressedAddress> rows, string search)
    {
        if (rows.Count == 0)
        {
            Markup($"""<div class="alert alert-info">{(search.Length > 0 ? "This address gets mail, as far as we know." : "Every address gets mail, as far as we know.")}</div>""");
            return;
        }
        Markup($"""
            <div class="table-responsive"><table class="table" aria-describedby="page-title">
            <thead><tr><th>Site</th><th>Address</th><th>Why</th><th>The server's words</th><th>Since</th><td></td></tr></thead><tbody>
            """);
        foreach (var row in rows)
        {
            Markup($"""
                <tr class="hover"><td><bdi>{row.Site}</bdi></td><td class="word-break"><bdi>{Masked.Address(row.Address)}</bdi></td><td class="min-width">{row.Reason}</td>
                <td class="word-break"><bdi>{Masked.Text(row.Detail)}</bdi></td><td class="min-width">{Html.RelativeTime(row.Since.UtcDateTime)}</td><td class="align-right min-width">
                """);
            // By its number, not the address: what is in a path is in the logs of whatever stands in front.
            if (!IsReadOnly) Button($"{Route}/release/{row.Id}", "Release", "Send mail to this address again?");
            Markup($"</td></tr>");
        }
        Markup($"</tbody></table></div>");
    }
}

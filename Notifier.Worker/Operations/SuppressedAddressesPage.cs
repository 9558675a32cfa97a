using System.Buffers.Text;
using System.Globalization;
using System.Text;
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
        var all = search.Length > 0 ? addresses.Find(search) : addresses.List(Before(), PerPage + 1);
        var rows = search.Length > 0 ? all : [.. all.Take(PerPage)];
        Rows(rows, search);
        if (all.Count > rows.Count) Next(Address(Route, ("before", CursorOf(rows[^1].Since, $"{InPath(rows[^1].Site)}.{InPath(rows[^1].Address)}"))));
        End();
    }

    private (DateTimeOffset Since, string Site, string Address) Before() =>
        Cursor("before") is { Key: { } rest } cursor && rest.Split('.') is [var site, var address] && Base64Url.IsValid(site) && Base64Url.IsValid(address)
            ? (cursor.At, Text(site), Text(address)) : default;

    private static string Text(string inPath) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(inPath));

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
            if (!IsReadOnly)
                Markup($"""
                    <button class="btn btn-xs btn-default" data-ajax="{Url.To($"{Route}/release/{InPath(row.Site)}/{InPath(row.Address)}")}" data-loading-text="Releasing…"
                            data-confirm="Send mail to this address again?">Release</button>
                    """);
            Markup($"</td></tr>");
        }
        Markup($"</tbody></table></div>");
    }

    /// <summary>A site's id and an address may hold any character; Hangfire's routes are patterns over the path.</summary>
    private static string InPath(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}

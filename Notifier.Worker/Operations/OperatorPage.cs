using System.Globalization;
using System.Net;
using Hangfire.Dashboard;
using Notifier.Worker.Operations.Pages;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>What our pages in the dashboard share: a search, pages of fifty, and markup in which every value is encoded.</summary>
internal abstract class OperatorPage : RazorPage
{
    protected const int PerPage = 50;

    /// <summary>All of them, in the order of their use.</summary>
    public static readonly (string Title, string Route)[] All =
    [
        ("Why", WhyPage.Route), ("Pending emails", PendingEmailsPage.Route), ("Dead letters", DeadLettersPage.Route), ("Suppressed addresses", SuppressedAddressesPage.Route),
        ("Sites", SitesPage.Route), ("Rates", RatesPage.Route),
    ];

    // The frame's own colours for small print, labels and buttons are too pale to read (WCAG 2.2, 1.4.3), and on a phone its tables too wide.
    private const string Style =
        """
        <style>
        .operator small, .operator .text-muted { color: inherit }
        .operator code { color: inherit; background: transparent; padding: 0; border: 0 }
        .operator thead td { border-bottom: 2px solid #ddd !important }
        .operator .label { background: #555; color: #fff }
        .operator .label-success { background: #2d6a2d }
        .operator .label-info { background: #1b5f7a }
        .operator .label-danger, .operator .btn-danger { background: #a32824; color: #fff }
        .operator .label-warning { background: #8a5300 }
        .operator nav.pages { display: flex; flex-wrap: wrap; gap: 4px 20px; padding-top: 14px }
        .operator nav.pages a { padding: 4px 0; text-decoration: underline; color: inherit }
        .operator nav.pages a[aria-current=page] { font-weight: bold; text-decoration: none }
        .operator h1.page-header { margin-top: 16px }
        .operator form .btn { margin-left: 4px }
        .operator h2 { font-size: 22px }
        .operator .table-responsive { overflow-x: auto }
        .operator ol li { border-left: 3px solid currentColor; padding: 2px 0 14px 14px; margin-left: 6px }
        .operator .charts { display: flex; flex-wrap: wrap; gap: 28px }
        .operator figure { margin: 0; max-width: 100% }
        .operator svg { display: block; max-width: 100%; border-bottom: 1px solid currentColor }
        </style>
        """;

    /// <summary>What every page of ours begins with; it ends with <see cref="End"/>.</summary>
    protected void Begin(string title)
    {
        Markup($"""{new NonEscapedString(Style)}<div class="row operator"><div class="col-md-12"><nav class="pages" aria-label="Pages for operators">""");
        foreach (var (name, route) in All) Markup($"""<a href="{Url.To(route)}" aria-current="{(name == title ? "page" : "false")}">{name}</a>""");
        Markup($"""</nav><h1 id="page-title" class="page-header">{title}</h1>""");
    }

    protected void End() => Markup($"</div></div>");

    protected string Search() => (Query("q") ?? "").Trim();

    /// <summary>The row after which a page begins, in the order of its list: a time, and what tells rows of one time apart.</summary>
    protected (DateTimeOffset At, string Key) Cursor(string name) =>
        Query(name)?.Split('~') is [var time, var rest] && DateTimeOffset.TryParseExact(time, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at) ? (at, rest) : default;

    protected static string CursorOf(DateTimeOffset at, object rest) => string.Create(CultureInfo.InvariantCulture, $"{at.ToUniversalTime():O}~{rest}");

    protected void SearchForm(string route, string search, string placeholder)
    {
        Markup($"""
            <form class="form-inline" method="get" action="{Url.To(route)}" style="margin-bottom: 20px">
              <input type="search" name="q" class="form-control" style="width: 340px; max-width: 100%" value="{search}" maxlength="300"
                     placeholder="{placeholder}" aria-label="{placeholder}">
              <button type="submit" class="btn btn-primary">Search</button>
            """);
        if (search.Length > 0) Markup($"""<a class="btn btn-default" href="{Url.To(route)}">Show all</a>""");
        Markup($"</form>");
    }

    /// <summary>A page of ours, with what it is asked.</summary>
    protected string Address(string route, params (string Name, string Value)[] query) =>
        $"{Url.To(route)}?{string.Join('&', query.Where(q => q.Value.Length > 0).Select(q => $"{q.Name}={Uri.EscapeDataString(q.Value)}"))}";

    protected void Table(string title, params string[] columns)
    {
        Markup($"""<h2>{title}</h2><div class="table-responsive" tabindex="0" role="region" aria-label="{title}"><table class="table"><thead><tr>""");
        foreach (var column in columns) Markup($"""{(column.Length > 0 ? new NonEscapedString("<th scope=\"col\">") : new NonEscapedString("<td>"))}{column}{new NonEscapedString(column.Length > 0 ? "</th>" : "</td>")}""");
        Markup($"</tr></thead><tbody>");
    }

    protected void EndTable() => Markup($"</tbody></table></div>");

    /// <summary>By key, not by number: the next page costs as little as the first.</summary>
    protected void Next(string address) => Markup($"""<p><a class="btn btn-default" rel="next" href="{address}">Next {PerPage}</a></p>""");

    protected void Button(string command, string title, string question) =>
        Markup($"""<button class="btn btn-xs btn-default" data-ajax="{Url.To(command)}" data-loading-text="Under way…" data-confirm="{question}">{title}</button>""");

    protected static string Counted(long count) => count < PendingEmailStore.CountCap ? $"{count}" : $"{PendingEmailStore.CountCap} or more";

    /// <summary>Writes HTML. Every value put into it is encoded: ids come from outside, and an id may be a script.</summary>
    protected void Markup(FormattableString html) =>
        WriteLiteral(string.Format(CultureInfo.InvariantCulture, html.Format, [.. html.GetArguments().Select(Encoded)]));

    private static object Encoded(object? value) => value as NonEscapedString ?? (object)WebUtility.HtmlEncode(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
}

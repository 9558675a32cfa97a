using System.Globalization;
using System.Net;
using Hangfire.Dashboard;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>What our pages in the dashboard share: a search, pages of fifty, and markup in which every value is encoded.</summary>
internal abstract class OperatorPage : RazorPage
{
    protected const int PerPage = 50;

    protected string Search() => (Query("q") ?? "").Trim();

    protected int From() => int.TryParse(Query("from"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Min(asked, PendingEmailStore.CountCap) : 0;

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

    protected static string Counted(long count) => count < PendingEmailStore.CountCap ? $"{count}" : $"{PendingEmailStore.CountCap} or more";

    /// <summary>Writes HTML. Every value put into it is encoded: ids come from outside, and an id may be a script.</summary>
    protected void Markup(FormattableString html) =>
        WriteLiteral(string.Format(CultureInfo.InvariantCulture, html.Format, [.. html.GetArguments().Select(Encoded)]));

    private static object Encoded(object? value) => value as NonEscapedString ?? (object)WebUtility.HtmlEncode(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");

    /// <summary>Hangfire's own pager forgets what was searched for.</summary>
    protected sealed class SearchPager(int from, long total, string search, string page) : Pager(from, PerPage, total)
    {
        public override string PageUrl(int index) =>
            index < 1 || index > TotalPageCount ? "#" : $"{page}?from={(index - 1) * RecordsPerPage}&q={Uri.EscapeDataString(search)}";
    }
}

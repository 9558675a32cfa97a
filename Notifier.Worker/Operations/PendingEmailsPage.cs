using System.Globalization;
using System.Net;
using Hangfire.Dashboard;
using Hangfire.Dashboard.Pages;
using Notifier.Domain;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>The emails to come, in the dashboard's own frame. Hangfire's pages show alarms; this one shows what they ring for.</summary>
internal sealed class PendingEmailsPage : RazorPage
{
    public const string Route = "/pending-emails";
    private const int PerPage = 50;

    public override void Execute()
    {
        Layout = new LayoutPage("Pending emails");
        var emails = Context.GetHttpContext().RequestServices.GetRequiredService<PendingEmailStore>();
        var search = (Query("q") ?? "").Trim();
        var from = int.TryParse(Query("from"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Min(asked, PendingEmailStore.CountCap) : 0;

        Markup($"""<div class="row"><div class="col-md-12"><h1 id="page-title" class="page-header">Pending emails</h1>""");
        SearchForm(search);
        UnderWay(emails.UnderWay(search, PerPage), emails.CountUnderWay(search));
        Due(emails.Due(search, from, PerPage), new SearchPager(from, emails.CountDue(search), search, Url.To(Route)), search);
        Markup($"</div></div>");
    }

    private void SearchForm(string search)
    {
        Markup($"""
            <form class="form-inline" method="get" action="{Url.To(Route)}" style="margin-bottom: 20px">
              <input type="search" name="q" class="form-control" style="width: 340px; max-width: 100%" value="{search}" maxlength="300"
                     placeholder="Recipient, conversation or message id" aria-label="Recipient, conversation or message id">
              <button type="submit" class="btn btn-primary">Search</button>
            """);
        if (search.Length > 0) Markup($"""<a class="btn btn-default" href="{Url.To(Route)}">Show all</a>""");
        Markup($"</form>");
    }

    private void UnderWay(IReadOnlyList<EmailUnderWay> rows, long count)
    {
        if (rows.Count == 0) return;
        Markup($"""
            <h3>Being sent <small>{Counted(count)}</small></h3>
            <div class="table-responsive"><table class="table">
            <thead><tr><th>Site</th><th>Recipient</th><th>Conversation</th><th class="align-right">Unseen</th><th>Next try</th><th>State</th><th></th></tr></thead><tbody>
            """);
        foreach (var row in rows)
        {
            Markup($"""<tr class="hover"><td><bdi>{row.Site}</bdi></td><td class="word-break"><bdi>{row.Recipient}</bdi></td><td class="word-break">""");
            foreach (var conversation in row.Conversations) Markup($"<div><bdi>{conversation}</bdi></div>");
            Markup($"""</td><td class="align-right">{row.Unseen}</td><td class="min-width">{Html.RelativeTime(row.NextAt.UtcDateTime)}</td><td class="min-width">""");
            Markup($"""<span class="label label-{(row.State == "retry" ? "warning" : "info")}">{row.State}</span> """);
            if (row.Attempts > 0) Markup($"""<small class="text-muted">tried {row.Attempts} ×</small>""");
            Markup($"</td>");
            Button(row.IsBeingSent ? null : $"{Route}/withdraw/{row.Attempt}");
            Markup($"</tr>");
        }
        Markup($"</tbody></table></div>");
        if (count > rows.Count) Markup($"""<p class="text-muted">The first {rows.Count} are shown; search for the others.</p>""");
    }

    private void Due(IReadOnlyList<DueEmail> rows, SearchPager pager, string search)
    {
        Markup($"<h3>Due <small>{Counted(pager.TotalRecordCount)}</small></h3>");
        if (rows.Count == 0)
        {
            Markup($"""<div class="alert alert-info">{(search.Length > 0 ? "Nothing of that id is waiting for an email." : "No conversation is waiting for an email.")}</div>""");
            return;
        }
        Markup($"""
            <div class="table-responsive"><table class="table" aria-describedby="page-title">
            <thead><tr><th>Site</th><th>Recipient</th><th>Conversation</th><th class="align-right">Unseen</th><th>Due</th><th>State</th><th></th></tr></thead><tbody>
            """);
        foreach (var row in rows)
        {
            Markup($"""
                <tr class="hover"><td><bdi>{row.Site}</bdi></td><td class="word-break"><bdi>{row.Recipient}</bdi></td><td class="word-break"><bdi>{row.Conversation}</bdi></td>
                <td class="align-right">{row.Unseen}</td><td class="min-width">{Html.RelativeTime(row.At.UtcDateTime)}</td>
                <td class="min-width"><span class="label label-{(row.Overdue ? "warning" : "default")}">{(row.Overdue ? "overdue" : "waiting")}</span>
                <small class="text-muted">{row.WaitsFor?.Word()}{(row.HasAttempt ? ", an email is being sent" : "")}</small></td>
                """);
            Button($"{Route}/cancel/{row.Escalation}");
            Markup($"</tr>");
        }
        Markup($"</tbody></table></div>{Html.Paginator(pager)}");
    }

    private void Button(string? command)
    {
        Markup($"""<td class="align-right min-width">""");
        if (command is not null && !IsReadOnly)
            Markup($"""
                <button class="btn btn-xs btn-danger" data-ajax="{Url.To(command)}" data-loading-text="Cancelling…"
                        data-confirm="Cancel this email? What is unseen now will not be emailed.">Cancel</button>
                """);
        Markup($"</td>");
    }

    private static string Counted(long count) => count < PendingEmailStore.CountCap ? $"{count}" : $"{PendingEmailStore.CountCap} or more";

    /// <summary>Writes HTML. Every value put into it is encoded: ids come from outside, and an id may be a script.</summary>
    private void Markup(FormattableString html) =>
        WriteLiteral(string.Format(CultureInfo.InvariantCulture, html.Format, [.. html.GetArguments().Select(Encoded)]));

    private static object Encoded(object? value) => value as NonEscapedString ?? (object)WebUtility.HtmlEncode(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");

    /// <summary>Hangfire's own pager forgets what was searched for.</summary>
    private sealed class SearchPager(int from, long total, string search, string page) : Pager(from, PerPage, total)
    {
        public override string PageUrl(int index) =>
            index < 1 || index > TotalPageCount ? "#" : $"{page}?from={(index - 1) * RecordsPerPage}&q={Uri.EscapeDataString(search)}";
    }
}

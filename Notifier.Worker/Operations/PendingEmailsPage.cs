using Hangfire.Dashboard;
using Hangfire.Dashboard.Pages;
using Notifier.Domain;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>The emails to come, in the dashboard's own frame. Hangfire's pages show alarms; this one shows what they ring for.</summary>
internal sealed class PendingEmailsPage : OperatorPage
{
    public const string Route = "/pending-emails";

    public override void Execute()
    {
        Layout = new LayoutPage("Pending emails");
        var emails = Context.GetHttpContext().RequestServices.GetRequiredService<PendingEmailStore>();
        var search = Search();

        Markup($"""<div class="row"><div class="col-md-12"><h1 id="page-title" class="page-header">Pending emails</h1>""");
        SearchForm(Route, search, "Recipient, conversation or message id");
        UnderWay("Outcome unknown", emails.Parked(search, PerPage), emails.CountParked(search));
        UnderWay("Being sent", emails.UnderWay(search, PerPage), emails.CountUnderWay(search));
        Due(emails.Due(search, From(), PerPage), new SearchPager(From(), emails.CountDue(search), search, Url.To(Route)), search);
        Markup($"</div></div>");
    }

    private void UnderWay(string title, IReadOnlyList<EmailUnderWay> rows, long count)
    {
        if (rows.Count == 0) return;
        Markup($"""
            <h3>{title} <small>{Counted(count)}</small></h3>
            <div class="table-responsive"><table class="table">
            <thead><tr><th>Site</th><th>Recipient</th><th>Conversation</th><th class="align-right">Unseen</th><th>Next try</th><th>State</th><th></th></tr></thead><tbody>
            """);
        foreach (var row in rows)
        {
            Markup($"""<tr class="hover"><td><bdi>{row.Site}</bdi></td><td class="word-break"><bdi>{row.Recipient}</bdi></td><td class="word-break">""");
            foreach (var conversation in row.Conversations) Markup($"<div><bdi>{conversation}</bdi></div>");
            Markup($"""</td><td class="align-right">{row.Unseen}</td><td class="min-width">{Html.RelativeTime(row.NextAt.UtcDateTime)}</td><td class="min-width">""");
            Markup($"""<span class="label label-{(row.State is "retry" or "parked" ? "warning" : "info")}">{row.State}</span> """);
            if (row.Attempts > 0) Markup($"""<small class="text-muted">tried {row.Attempts} ×</small>""");
            Markup($"</td>");
            Buttons(row.IsBeingSent ? null : $"{Route}/withdraw/{row.Attempt}", row.State == "parked" ? $"{Route}/resend/{row.Attempt}" : null);
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
            Buttons($"{Route}/cancel/{row.Escalation}");
            Markup($"</tr>");
        }
        Markup($"</tbody></table></div>{Html.Paginator(pager)}");
    }

    private void Buttons(string? cancel, string? resend = null)
    {
        Markup($"""<td class="align-right min-width">""");
        if (resend is not null && !IsReadOnly)
            Markup($"""
                <button class="btn btn-xs btn-default" data-ajax="{Url.To(resend)}" data-loading-text="Sending…"
                        data-confirm="Send this email again? It may have arrived already.">Send again</button>
                """);
        if (cancel is not null && !IsReadOnly)
            Markup($"""
                <button class="btn btn-xs btn-danger" data-ajax="{Url.To(cancel)}" data-loading-text="Cancelling…"
                        data-confirm="Cancel this email? What is unseen now will not be emailed.">Cancel</button>
                """);
        Markup($"</td>");
    }
}

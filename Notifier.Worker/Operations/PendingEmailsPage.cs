using System.Globalization;
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

        Begin("Pending emails");
        SearchForm(Route, search, "Recipient, conversation or message id");
        UnderWay("Outcome unknown", emails.Parked(search, Attempt("parked"), PerPage + 1), emails.CountParked(search), "parked", search);
        UnderWay("Being sent", emails.UnderWay(search, Attempt("sending"), PerPage + 1), emails.CountUnderWay(search), "sending", search);
        var (at, escalation) = Cursor("after");
        Due(emails.Due(search, (at, long.TryParse(escalation, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0), PerPage + 1), emails.CountDue(search), search);
        End();
    }

    private (DateTimeOffset At, Guid Attempt) Attempt(string list) => Cursor(list) is var (at, rest) && Guid.TryParse(rest, out var id) ? (at, id) : default;

    private void UnderWay(string title, IReadOnlyList<EmailUnderWay> all, long count, string list, string search)
    {
        if (all.Count == 0) return;
        var rows = all.Take(PerPage).ToArray();
        Markup($"""
            <h2>{title} <small>{Counted(count)}</small></h2>
            <div class="table-responsive"><table class="table">
            <thead><tr><th>Site</th><th>Recipient</th><th>Conversation</th><th class="align-right">Unseen</th><th>Next try</th><th>State</th><td></td></tr></thead><tbody>
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
        if (all.Count > PerPage) Next(Address(Route, ("q", search), (list, CursorOf(rows[^1].NextAt, rows[^1].Attempt))));
    }

    private void Due(IReadOnlyList<DueEmail> all, long count, string search)
    {
        Markup($"<h2>Due <small>{Counted(count)}</small></h2>");
        var rows = all.Take(PerPage).ToArray();
        if (rows.Length == 0)
        {
            Markup($"""<div class="alert alert-info">{(search.Length > 0 ? "Nothing of that id is waiting for an email." : "No conversation is waiting for an email.")}</div>""");
            return;
        }
        Markup($"""
            <div class="table-responsive"><table class="table" aria-describedby="page-title">
            <thead><tr><th>Site</th><th>Recipient</th><th>Conversation</th><th class="align-right">Unseen</th><th>Due</th><th>State</th><td></td></tr></thead><tbody>
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
        Markup($"</tbody></table></div>");
        if (all.Count > PerPage) Next(Address(Route, ("q", search), ("after", CursorOf(rows[^1].At, rows[^1].Escalation))));
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

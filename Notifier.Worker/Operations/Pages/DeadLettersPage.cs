using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Hangfire.Dashboard;
using Hangfire.Dashboard.Pages;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations.Pages;

/// <summary>What could not be used, by reason: what a replay would take (the dry run), and buttons that replay one or all of a reason.</summary>
internal sealed class DeadLettersPage : OperatorPage
{
    public const string Route = "/dead-letters";

    public override void Execute()
    {
        Layout = new LayoutPage("Dead letters");
        var store = Context.GetHttpContext().RequestServices.GetRequiredService<DeadLetterStore>();
        var reason = Query("reason") ?? "";
        var before = long.TryParse(Query("before"), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : long.MaxValue;
        var reasons = store.Reasons();

        Begin("Dead letters");
        if (reasons.Count == 0) Markup($"""<div class="alert alert-info">Nothing is set aside: every event could be used, and nothing was refused for good.</div>""");
        else
        {
            ByReason(reasons, reason);
            Letters(store.Page(reason, before, PerPage + 1), reason);
        }
        End();
    }

    private void ByReason(List<(string Reason, long Count, long Newest)> reasons, string reason)
    {
        Table("By reason", "Reason", "Dry run", "");
        foreach (var (word, known, newest) in reasons)
        {
            var count = known < DeadLetterStore.CountCap ? $"{known}" : $"{known} or more";
            Markup($"""
                <tr><td><a href="{Address(Route, ("reason", word))}"><code>{word}</code></a></td><td>{count} would be replayed</td><td class="align-right min-width">
                """);
            if (!IsReadOnly) Button($"{Route}/replay/{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(word))}/{newest}", "Replay all", $"Replay all {count} of reason {word}? Each goes through the gate again: what was seen meanwhile is not told.");
            Markup($"</td></tr>");
        }
        EndTable();
        if (reason.Length > 0) Markup($"""<p>Of reason <code>{reason}</code> · <a href="{Url.To(Route)}">show all</a></p>""");
    }

    private void Letters(List<KeptLetter> letters, string reason)
    {
        Table("Newest first", "When", "Site", "What", "Reason", "What is wrong", "");
        foreach (var letter in letters.Take(PerPage))
        {
            Markup($"""
                <tr><td class="min-width">{WhyPage.At(letter.CreatedAt)}</td><td><bdi>{letter.Site ?? "–"}</bdi></td><td>{letter.Kind}</td><td><code>{letter.Reason}</code></td>
                <td class="word-break"><bdi>{Masked.Text(letter.Detail)}</bdi></td><td class="align-right min-width">
                """);
            if (!IsReadOnly) Button($"{Route}/replay/{letter.Id}", "Replay", "Replay this one? It goes through the gate again.");
            Markup($"</td></tr>");
        }
        EndTable();
        if (letters.Count > PerPage) Next(Address(Route, ("reason", reason), ("before", letters[PerPage - 1].Id.ToString(CultureInfo.InvariantCulture))));
    }
}

using System.Globalization;
using Hangfire.Dashboard;
using Hangfire.Dashboard.Pages;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations.Pages;

/// <summary>Why somebody was told, or was not: by a message, as a ladder in time; or by a person, with their devices and conversations. Never what was said.</summary>
internal sealed class WhyPage : OperatorPage
{
    public const string Route = "/why";

    public override void Execute()
    {
        Layout = new LayoutPage("Why");
        var services = Context.GetHttpContext().RequestServices;
        var (store, trace) = (services.GetRequiredService<WhyStore>(), services.GetRequiredService<TraceStore>());
        var (search, site, person) = (Search(), Query("site") ?? "", Query("person") ?? "");

        Begin("Why");
        SearchForm(Route, search, "Message or recipient id");
        if (search.Length == 0) Markup($"""<div class="alert alert-info">Look up a message, and see for each of its people why they were told, or were not; or a person, with their devices and conversations.</div>""");
        else if (person.Length > 0) Ladder(site, search, person, trace.Read(site, search, person));
        else
        {
            var told = store.PeopleOf(search, site, Query("after") ?? "", PerPage + 1);
            var known = site.Length > 0 && Query("conversations") is null ? [] : store.Find(search);
            if (told.Count > 0) People(search, told, trace);
            foreach (var one in known.Where(k => site.Length == 0 || k.Site == site)) Person(one, store, search);
            if (told.Count == 0 && known.Count == 0) Markup($"""<div class="alert alert-info">No message and nobody of this id is known. Decisions are kept for 30 days.</div>""");
        }
        End();
    }

    private void People(string message, List<ToldPerson> told, TraceStore trace)
    {
        if (told.Count == 1)
        {
            Ladder(told[0].Site, message, told[0].Recipient, trace.Read(told[0].Site, message, told[0].Recipient));
            return;
        }
        Table("The message’s people", "Site", "Recipient");
        foreach (var (site, recipient) in told.Take(PerPage))
            Markup($"""<tr><td><bdi>{site}</bdi></td><td class="word-break"><a href="{To(message, ("site", site), ("person", recipient))}"><bdi>{recipient}</bdi></a></td></tr>""");
        EndTable();
        if (told.Count > PerPage) Next(To(message, ("site", told[PerPage - 1].Site), ("after", told[PerPage - 1].Recipient)));
    }

    private void Ladder(string site, string message, string recipient, List<TracedDecision> decisions)
    {
        Markup($"""
            <h2>The ladder <small><bdi>{site}</bdi> · message <bdi>{message}</bdi> · for <a href="{To(recipient)}"><bdi>{recipient}</bdi></a></small></h2>
            """);
        if (decisions.Count == 0) Markup($"""<div class="alert alert-info">No decision is kept on this message for this person.</div>""");
        Markup($"""<ol class="list-unstyled" aria-label="Decisions, in order">""");
        foreach (var d in decisions)
        {
            Markup($"""
                <li>
                  <strong>{d.Channel}</strong> <span class="label label-{Color(d.Verdict)}">{d.Verdict}</span> {Reasons.Sentence(d.Reason)}
                  <div><small><time datetime="{d.At:O}">{At(d.At)}</time> · <code>{d.Reason}</code>
                """);
            if (d.Until is { } until) Markup($" · until {At(until)}");
            Markup($"</small></div></li>");
        }
        Markup($"</ol>");
    }

    private void Person(KnownPerson person, WhyStore store, string search)
    {
        Markup($"""
            <h2><bdi>{person.Recipient}</bdi> <small><bdi>{person.Site}</bdi></small></h2>
            <p>{(person.Address is { } address ? Masked.Address(address) : "No address")}{(person.Suppressed ? ", suppressed" : "")}{(person.Unsubscribed ? ", unsubscribed" : "")}
            · {person.Locale ?? "language not known"} · {person.TimeZone ?? "UTC"}</p>
            """);
        Table("Devices", "Push service", "Registered", "Last used", "Errors", "Held until", "VAPID key");
        foreach (var d in store.DevicesOf(person.Site, person.Recipient))
            Markup($"""
                <tr><td class="word-break">{d.Origin}</td><td>{At(d.RegisteredAt)}</td><td>{At(d.LastUsedAt)}</td><td>{d.Errors}</td><td>{(d.HeldUntil is { } held ? At(held) : "–")}</td>
                <td><code>{(d.VapidKey is { } key ? key[..Math.Min(8, key.Length)] + "…" : "–")}</code></td></tr>
                """);
        EndTable();
        var conversations = store.ConversationsOf(person.Site, person.Recipient, Query("conversations") ?? "", PerPage + 1);
        Table("Conversations", "Conversation", "Unseen", "Newest unseen", "Push asks", "Email asks", "Emails", "State");
        foreach (var c in conversations.Take(PerPage))
        {
            Markup($"""<tr><td class="word-break"><bdi>{c.Conversation}</bdi></td><td>{(c.Unseen < WhyStore.CountCap ? $"{c.Unseen}" : $"{c.Unseen} or more")}</td><td class="word-break">""");
            if (c.Newest is { } newest) Markup($"""<a href="{To(newest, ("site", person.Site), ("person", person.Recipient))}"><bdi>{newest}</bdi></a>""");
            else Markup($"–");
            Markup($"""</td><td>{(c.PushAt is { } push ? At(push) : "–")}</td><td>{(c.EmailAt is { } email ? At(email) : "–")}</td><td>{c.Emails}</td><td>{(c.ClosedAt is null ? "open" : "seen")}</td></tr>""");
        }
        EndTable();
        if (conversations.Count > PerPage) Next(To(search, ("site", person.Site), ("conversations", conversations[PerPage - 1].Conversation)));
    }

    private string To(string search, params (string Name, string Value)[] more) => Address(Route, [("q", search), .. more]);

    private static string Color(string verdict) => verdict switch { "told" => "success", "send" => "info", "failed" => "danger", _ => "default" };

    internal static string At(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}

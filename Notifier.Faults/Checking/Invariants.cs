using System.Text.Json.Nodes;
using Notifier.Faults.Stage;

namespace Notifier.Faults.Checking;

/// <summary>What was found about one promise.</summary>
/// <param name="Value">What was measured; with faults of it, their number.</param>
/// <param name="Broken">Each of them, in words.</param>
internal sealed record Finding(string Invariant, double Value, IReadOnlyList<string> Broken)
{
    /// <summary>It is promised of a machine that runs: where a worker is given no processor, nobody promises it.</summary>
    public bool ByTheClock { get; private init; }

    /// <summary>A time in seconds, of which the longest counts; else a number of faults.</summary>
    public bool IsLength { get; init; }

    public static Finding Count(string invariant, IEnumerable<string> broken)
    {
        string[] all = [.. broken];
        return new(invariant, all.Length, all);
    }

    public Finding Timed() => this with { ByTheClock = true };
}

/// <summary>The promises, each as a question to the evidence.</summary>
internal static class Invariants
{
    private const int Wait = 0, Send = 1, Told = 4;

    /// <summary>From the seen mark's commit to the commit of the resolve to begin DATA; and to DATA itself, which a machine that is busy elsewhere may hold up on its way.</summary>
    private const double LastLook = 0.25, OnItsWay = 1.5;

    private static readonly string[] Ends = ["told", "skip", "expire", "failed"];

    /// <param name="repeats">A process or a link died between a dot, or a POST, and our commit.</param>
    /// <param name="parks">And mails of which nobody knows wait for an admin.</param>
    public static IEnumerable<Finding> Of(Evidence e, bool repeats, bool parks)
    {
        yield return Finding.Count("accepted events lost", EventInvariants.Lost(e));
        yield return Finding.Count("events accepted twice", EventInvariants.AcceptedTwice(e));
        yield return Finding.Count("published, and not of exactly one first outcome", EventInvariants.NotOfOneOutcome(e));
        yield return Finding.Count("people not in exactly one end", NotAtOneEnd(e));
        yield return Finding.Count("emailed, and the mail server has it not", NotArrived(e));
        yield return Finding.Count("cancelled, and the mail server has it", NotCancelled(e));
        yield return Finding.Count("mails twice without excuse", MailsTwice(e, repeats && !parks));
        yield return new("mails twice with excuse", e.Attempts.Sum(a => a.Resent ? Math.Max(0, e.Mails.Count(m => m.Kept is not null && m.MessageId == a.MessageId) - 1) : 0), []);
        yield return Finding.Count("pushes twice without excuse", PushesTwice(e, repeats));
        yield return Finding.Count("DATA begun after seen", SeenBefore(e));
        yield return Finding.Count("mailed before its time", TooEarly(e));
        yield return Finding.Count("out of order in a conversation", OutOfOrder(e));
        yield return Finding.Count("seen mark fell", MarkFell(e));
        yield return Finding.Count("subscriptions lost", SubscriptionsLost(e));
        yield return Finding.Count("dead letters", Enumerable.Repeat("a dead letter", (int)e.DeadLetters));
        yield return Waits(e).Timed();
        yield return Finding.Count("not at rest", e.Of("restless").Select(r => r.ToJsonString())).Timed();
    }

    private static IEnumerable<string> NotAtOneEnd(Evidence e)
    {
        var standing = e.Standings.ToDictionary(s => (s.Message, s.Recipient));
        // An email that was withdrawn is in the trace of its newest message, also where that was deleted meanwhile and had its end by that.
        var ends = e.Decisions.Where(d => d.Channel == "email" && Ends.Contains(d.Verdict) && !(d is { Verdict: "skip", Reason: "already_seen" } && e.DeletedMessages.Contains(d.Message))).ToLookup(d => (d.Message, d.Recipient));
        foreach (var due in e.Dues)
        {
            var seen = due.Seq <= e.Seen.GetValueOrDefault((due.Recipient, due.Conversation), -1);
            var row = standing.GetValueOrDefault((due.Message, due.Recipient));
            var name = $"{due.Message} for {due.Recipient}";
            if (row is null && !seen) yield return $"{name} is nowhere";
            else if (row is not null && seen) yield return $"{name} is seen, and still open";
            else if (row is { Email: null or Wait or Send } && !e.Parked.Contains((due.Recipient, due.Conversation))) yield return $"{name} has no end by email: verdict {row.Email}";
            else if (row is { Push: null or Wait }) yield return $"{name} has no end by push: verdict {row.Push}";
            if (ends[(due.Message, due.Recipient)].Count() > 1)
                yield return $"{name} has several ends by email: {string.Join(", ", ends[(due.Message, due.Recipient)].Select(d => $"{d.Verdict} {d.Reason}"))}";
        }
        foreach (var wait in e.Of("waits").Where(w => (string?)w["Reason"] != "throttled" && !e.Parked.Contains(((string)w["Recipient"]!, (string)w["Conversation"]!)))) yield return $"{wait["Conversation"]} for {wait["Recipient"]} was forgotten: {wait["Reason"]}";
    }

    private static IEnumerable<string> NotArrived(Evidence e)
    {
        var kept = e.Mails.Where(m => m.Kept is not null).ToArray();
        var ids = kept.Select(m => (m.MessageId, m.Person)).ToHashSet();
        foreach (var sent in e.Attempts.Where(a => a.State == "sent" && !ids.Contains((a.MessageId, a.Recipient)))) yield return $"{sent.MessageId} to {sent.Recipient} is sent";
        var told = kept.SelectMany(m => m.Messages.Select(t => (t, m.Person))).ToHashSet();
        // After a second outcome that nobody knows, that is what it counts as.
        var unknown = e.Decisions.Where(d => d is { Channel: "email", Verdict: "told", Reason: "outcome_unknown" }).Select(d => (d.Message, d.Recipient)).ToHashSet();
        foreach (var row in e.Standings.Where(s => s.Email == Told && !unknown.Contains((s.Message, s.Recipient)) && !told.Contains((s.Message, s.Recipient)) && !e.DeletedMessages.Contains(s.Message)))
            yield return $"{row.Message} is told to {row.Recipient}";
    }

    private static IEnumerable<string> NotCancelled(Evidence e)
    {
        var attempts = e.Attempts.ToDictionary(a => a.MessageId);
        foreach (var mail in e.Mails.Where(m => m.Kept is not null).DistinctBy(m => m.MessageId))
        {
            var attempt = attempts.GetValueOrDefault(mail.MessageId);
            if (attempt is null) yield return $"{mail.MessageId} was never begun";
            else if (attempt.State is not ("sent" or "unknown" or "parked") && !attempt.Resent) yield return $"{mail.MessageId} is {attempt.State}";
        }
    }

    private static IEnumerable<string> MailsTwice(Evidence e, bool repeats)
    {
        var kept = e.Mails.Where(m => m.Kept is not null).OrderBy(m => m.Kept).ToArray();
        var resent = e.Attempts.Where(a => a.Resent).Select(a => a.MessageId).ToHashSet();
        foreach (var copies in kept.GroupBy(m => m.MessageId).Where(g => g.Count() > 1).Select(g => g.ToArray()))
            if (!repeats || copies.Length > 2 || !resent.Contains(copies[0].MessageId)) yield return $"{copies[0].MessageId} came {copies.Length} times{(resent.Contains(copies[0].MessageId) ? ", re-sent" : "")}";
            else if (!e.Faults.Any(f => f.From <= copies[1].DataAt && f.To >= copies[0].DataAt)) yield return $"{copies[0].MessageId} came twice, and nothing failed between the first time and the second";
        foreach (var person in kept.GroupBy(m => m.Person))
        {
            var known = new HashSet<string>();
            foreach (var mail in person.DistinctBy(m => m.MessageId))
            {
                if (mail.Messages.All(known.Contains)) yield return $"{mail.MessageId} tells {person.Key} nothing new";
                known.UnionWith(mail.Messages);
            }
        }
    }

    /// <summary>The same words may be true again: of two unseen messages the older is seen, and a third came.</summary>
    private static IEnumerable<string> PushesTwice(Evidence e, bool repeats)
    {
        var decided = e.Decisions.Where(d => d.Channel == "push").GroupBy(d => (d.Message, d.Recipient)).ToDictionary(g => g.Key, g => g.Min(d => d.At));
        var messages = e.Dues.ToLookup(d => (d.Recipient, d.Conversation));
        foreach (var copies in e.Pushes.Where(p => p.Status == 201).GroupBy(p => (p.Subscription, p.Person, p.Conversation, p.Type, p.UpTo, p.Count)))
        {
            var (first, last) = (copies.Min(p => p.At) - OnItsWay, copies.Max(p => p.At));
            var news = messages[(copies.Key.Person, copies.Key.Conversation)].Count(m => decided.GetValueOrDefault((m.Message, m.Recipient)) is var at && at > first && at < last && m.Seq < copies.Key.UpTo);
            if (copies.Count() > (repeats ? 3 : 1) + news)
                yield return $"{copies.Key.Type} of {copies.Key.Conversation} up to {copies.Key.UpTo}, count {copies.Key.Count}, came {copies.Count()} times to {copies.Key.Subscription}";
        }
    }

    /// <summary>No email delay is shorter than its floor, whatever a worker's clock says.</summary>
    private static IEnumerable<string> TooEarly(Evidence e)
    {
        var said = e.Dues.GroupBy(d => (d.Recipient, d.Conversation)).ToDictionary(g => g.Key, g => g.Min(d => d.At));
        var places = e.Dues.ToDictionary(d => (d.Message, d.Recipient), d => d.Conversation);
        foreach (var mail in e.Mails)
            foreach (var conversation in mail.Messages.Select(m => places[(m, mail.Person)]).Distinct())
                if (mail.DataAt - said[(mail.Person, conversation)] is var age && age < Pace.EmailDelayFloor.TotalSeconds) yield return $"{mail.MessageId} tells {mail.Person} of {conversation} after {age:0.000} s";
    }

    private static IEnumerable<string> SeenBefore(Evidence e)
    {
        var marks = e.Marks.ToLookup(m => (m.Recipient, m.Conversation));
        var places = e.Dues.ToDictionary(d => (d.Message, d.Recipient));
        foreach (var mail in e.Mails)
            foreach (var message in mail.Messages)
            {
                var due = places[(message, mail.Person)];
                var seen = marks[(due.Recipient, due.Conversation)].Where(m => m.Seq >= due.Seq).Select(m => m.CommittedAt).DefaultIfEmpty(double.MaxValue).Min();
                var resolved = e.Resolves[mail.MessageId].Where(at => at < mail.DataAt).DefaultIfEmpty(mail.DataAt).Max();
                if (resolved > seen + LastLook || mail.DataAt > seen + LastLook + OnItsWay) yield return $"{message} was seen by {due.Recipient} {mail.DataAt - seen:0.000} s before DATA of {mail.MessageId}";
            }
    }

    /// <summary>After one that was deleted an older one may come: it is the newest then.</summary>
    private static IEnumerable<string> OutOfOrder(Evidence e)
    {
        var deleted = e.Dues.Where(d => e.DeletedMessages.Contains(d.Message)).Select(d => (d.Conversation, d.Seq)).ToHashSet();
        foreach (var line in e.Pushes.Where(p => p is { Status: 201, Type: "message" }).GroupBy(p => (p.Subscription, p.Conversation)))
            foreach (var (before, after) in line.Zip(line.Skip(1)).Where(p => p.Second.UpTo < p.First.UpTo && !deleted.Contains((p.First.Conversation, p.First.UpTo))))
                yield return $"push of {line.Key.Conversation} to {line.Key.Subscription}: {before.UpTo}, then {after.UpTo}";
    }

    private static IEnumerable<string> MarkFell(Evidence e) =>
        e.Marks.GroupBy(m => (m.Recipient, m.Conversation)).SelectMany(g => g.Zip(g.Skip(1)).Where(m => m.Second.Seq < m.First.Seq)
            .Select(m => $"{g.Key.Conversation} of {g.Key.Recipient}: {m.First.Seq}, then {m.Second.Seq}"));

    private static IEnumerable<string> SubscriptionsLost(Evidence e)
    {
        var gone = e.Pushes.Where(p => p.Status == 410).Select(p => p.Subscription).ToHashSet();
        return e.Of("person").Select(p => (string?)p["Endpoint"]).OfType<string>().Where(endpoint => !e.Endpoints.Contains(endpoint) && !gone.Contains(endpoint.Split('/')[^1]));
    }

    /// <summary>How long something that was due waited after the last fault.</summary>
    private static Finding Waits(Evidence e)
    {
        var healed = e.HealedAt;
        var (longest, what) = (0.0, "");
        foreach (var sample in e.Of("due").Where(s => (double)s["Now"]! > healed))
            foreach (var kind in (string[])["Inbox", "PushRung", "EmailRung", "Push", "Email"])
                if ((double?)sample[kind] is { } due && (double)sample["Now"]! - Math.Max(due, healed) is var waited && waited > longest) (longest, what) = (waited, kind);
        var most = (Pace.Lease + 2 * Pace.Poll).TotalSeconds;
        return new("seconds that something due waited after the last fault", Math.Round(longest, 1), longest > most ? [$"{what} waited {longest:0.0} s; lease and two polls are {most:0.0} s"] : []) { IsLength = true };
    }
}

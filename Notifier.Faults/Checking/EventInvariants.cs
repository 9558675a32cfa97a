namespace Notifier.Faults.Checking;

/// <summary>What is promised of events at the doors, and of messages at the relay.</summary>
internal static class EventInvariants
{
    public static IEnumerable<string> Lost(Evidence e)
    {
        foreach (var offered in e.Events)
            if (!e.EventKeys.Contains(offered.Id)) yield return $"event {offered.Id} has no key";
            else if (offered is { Type: "conversation.seen", Recipient: { } who, Conversation: { } where } && e.Seen.GetValueOrDefault((who, where), -1) < offered.Seq)
                yield return $"{who} saw {where} up to {offered.Seq}; the mark is {e.Seen.GetValueOrDefault((who, where), -1)}";
        foreach (var deleted in e.Of("offered").Where(o => (string?)o["Type"] == "message.deleted").Select(o => (string)o["Data"]!["id"]!).Where(id => !e.DeletedMessages.Contains(id)))
            yield return $"{deleted} is not deleted";
    }

    /// <summary>However often an event is offered, and by whatever door, it is new once, and comes to each shard once.</summary>
    public static IEnumerable<string> AcceptedTwice(Evidence e) =>
    [
        .. e.Of("accepted").GroupBy(a => (string)a["Id"]!).Where(g => g.Sum(a => (int)a["Accepted"]!) > 1).Select(g => $"event {g.Key} was new {g.Sum(a => (int)a["Accepted"]!)} times"),
        .. e.Arrivals.GroupBy(a => (a.Source, a.EventId, a.Shard)).Where(g => g.Count() > 1).Select(g => $"event {g.Key.EventId} of {g.Key.Source} came {g.Count()} times to shard {g.Key.Shard}"),
    ];

    /// <summary>What a relay took it tells the notifier once for each recipient; only that a message was delivered after all may follow.</summary>
    public static IEnumerable<string> NotOfOneOutcome(Evidence e)
    {
        var outcomes = e.Arrivals.Where(a => (string?)a.Body["type"] == "message.outcome" && !a.EventId.Contains(":late:", StringComparison.Ordinal))
            .SelectMany(a => a.Body["data"]!["recipients"]!.AsArray().Select(r => (Message: (string)a.Body["data"]!["message"]!["id"]!, Recipient: (string)r!["id"]!, a.EventId)))
            .Distinct().CountBy(o => (o.Message, o.Recipient)).ToDictionary();
        return e.Of("published").SelectMany(Evidence.DuesOf).DistinctBy(d => (d.Message, d.Recipient))
            .Select(d => (d.Message, d.Recipient, Count: outcomes.GetValueOrDefault((d.Message, d.Recipient)))).Where(d => d.Count != 1).Select(d => $"{d.Message} for {d.Recipient} has {d.Count} first outcomes");
    }
}

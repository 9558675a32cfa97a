using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>What must not be, said once more from the events themselves and without the ladder's code: every wrong in what a world told.</summary>
internal static class Oracle
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    public static IEnumerable<string> Wrongs(Simulation world) =>
        world.Told.SelectMany(told => OfMessages(world, told).Concat(OfTiming(world, told)).Select(wrong => $"{wrong}: {told.Channel} of {told.Conversation} at {told.At:O}"))
            .Concat(Twice(world)).Concat(TooMany(world)).Concat(TooSoonAfter(world));

    private static IEnumerable<string> OfMessages(Simulation world, Told told)
    {
        if (told.Messages.Count == 0) yield return "tells of nothing";
        foreach (var message in told.Messages)
            foreach (var reason in Enum.GetValues<Reason>())
                if (Excuses(world, reason, told.Channel, told.Conversation, message, told.Person, told.Known, told.At)) yield return $"{message.Id} although {reason}";
    }

    /// <summary>Whether that reason to refuse the message holds, by the events known then. Reasons to wait are not judged here.</summary>
    public static bool Excuses(Simulation world, Reason reason, Channel channel, string conversation, UnseenMessage m, RecipientState person, int known, DateTimeOffset at)
    {
        var events = world.Learned.Take(known);
        var outcomes = events.OfType<RelayEvent.MessageOutcome>().Where(e => e.Message.Id == m.Id).ToList();
        var wish = person.Profile?.Preferences.Conversations.GetValueOrDefault(conversation);
        return reason switch
        {
            Reason.SiteDisabled => !person.SiteEnabled,
            Reason.RecipientGone => person is { Profile: null, HasPushSubscription: false },
            Reason.AddressSuppressed => channel == Channel.Email && person.Profile is { HasAddress: true, AddressSuppressed: true },
            Reason.Unsubscribed => channel == Channel.Email ? person.Profile is { Unsubscribed: true } or { Preferences.Email: false } : person.Profile is { Preferences.Push: false },
            Reason.ConversationMuted => wish is { Level: ConversationLevel.None } || wish?.MutedUntil > at,
            Reason.BelowLevel => wish is { Level: ConversationLevel.Mentions } && outcomes.All(e => e.Message.Kind != MessageKind.Mention && !e.Recipients[0].Mentioned),
            Reason.OwnMessage => outcomes.Any(e => e.Message.SenderId == Happening.Person),
            Reason.Deleted => events.OfType<RelayEvent.MessageDeleted>().Any(e => e.Message == m.Id),
            Reason.AlreadySeen => events.OfType<RelayEvent.ConversationSeen>().Any(e => e.Conversation == conversation && e.Seq >= m.Seq),
            Reason.Stale => at > outcomes[0].Message.SentAt.AddHours(72) || at >= outcomes[0].Message.ExpiresAt,
            Reason.NoDevice => channel == Channel.Push && !person.HasPushSubscription,
            Reason.NoAddress => channel == Channel.Email && person.Profile is not { HasAddress: true },
            _ => false,
        };
    }

    private static IEnumerable<string> OfTiming(Simulation world, Told told)
    {
        if (IsQuiet(told.Person, told.At) && !told.Messages.Any(m => m.Urgent)) yield return "in quiet hours";
        if (told.Channel == Channel.Email && told.Messages.All(m => told.At < m.SentAt + Delay(m, told.Person))) yield return "before the delay";
        if (told.Channel == Channel.Push && told.Messages.All(m => IsReading(world, m, told) && told.At < m.SentAt.AddSeconds(30))) yield return "before the reader's 30 s";
    }

    private static TimeSpan Delay(UnseenMessage m, RecipientState person)
    {
        var minutes = person.Profile?.Preferences.EmailDelay?.TotalMinutes ?? (m.Kind == MessageKind.Group && !m.Mentioned ? 30 : 10);
        return TimeSpan.FromMinutes(person.HasPushSubscription ? minutes : Math.Max(minutes / 2, Math.Min(minutes, 2)));
    }

    /// <summary>Acknowledged with the conversation in front, and nothing was reported since.</summary>
    private static bool IsReading(Simulation world, UnseenMessage m, Told told) =>
        m is { Outcome: DeliveryOutcome.Delivered, Presence: Presence.Active, ActiveHere: true }
        && !world.Learned.Take(told.Known).OfType<RelayEvent.PresenceChanged>().Any(p => p.At > m.ReportedAt);

    /// <summary>By the clock on the wall; no clock changes while these worlds run.</summary>
    private static bool IsQuiet(RecipientState person, DateTimeOffset at)
    {
        if (person.Profile is not { } profile) return false;
        var local = TimeZoneInfo.ConvertTime(at, profile.TimeZone).DateTime;
        var time = TimeOnly.FromDateTime(local);
        bool On(QuietHours w, DateTime day) => w.Days.Count == 0 || w.Days.Contains(day.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)day.DayOfWeek);
        return profile.Preferences.QuietHours.Any(w => w.From < w.To
            ? On(w, local) && time >= w.From && time < w.To
            : (On(w, local) && time >= w.From) || (On(w, local.AddDays(-1)) && time < w.To));
    }

    private static IEnumerable<string> Twice(Simulation world) =>
        world.Told.SelectMany(t => t.Messages.Select(m => (t.Channel, m.Id))).GroupBy(t => t).Where(g => g.Count() > 1).Select(g => $"twice: {g.Key}");

    private static IEnumerable<string> TooMany(Simulation world)
    {
        var emails = world.Told.Where(t => t.Channel == Channel.Email).ToList();
        foreach (var last in emails)
        {
            var day = emails.Where(e => e.At <= last.At && e.At > last.At - Day).ToList();
            if (day.Count > world.Policy.EmailsPerRecipient) yield return $"{day.Count} emails in the day before {last.At:O}";
            if (day.Count(e => e.Conversation == last.Conversation) is var n && n > world.Policy.EmailsPerConversation)
                yield return $"{n} about {last.Conversation} in the day before {last.At:O}";
        }
    }

    /// <summary>Between two emails about a conversation that was neither seen nor entered lies at least the ladder's first step.</summary>
    private static IEnumerable<string> TooSoonAfter(Simulation world)
    {
        foreach (var emails in world.Told.Where(t => t.Channel == Channel.Email).GroupBy(t => t.Conversation))
            foreach (var (first, second) in emails.Zip(emails.Skip(1)))
                if (second.At < first.At + world.Policy.EmailLadder[0] && !world.Learned.Take(second.Known).Any(e => e.At >= first.At && e switch
                {
                    RelayEvent.ConversationSeen seen => seen.Conversation == emails.Key,
                    RelayEvent.PresenceChanged { Presence: Presence.Active } entered => entered.Conversation == emails.Key,
                    _ => false,
                })) yield return $"{emails.Key} was mailed at {first.At:O} and again at {second.At:O}";
    }
}

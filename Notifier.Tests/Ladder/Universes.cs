using CsCheck;
using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>Generates universes: mostly ordinary people, some with odd wishes; events that come late, twice and in any order.</summary>
internal static class Universes
{
    private static readonly Gen<string> Conversation = Gen.OneOf("A", "A", "B", "C");
    private static readonly Gen<string> Node = Gen.OneOf("n1", "n1", "n2", "");
    private static readonly Gen<Presence> State = Gen.Enum<Presence>();

    /// <summary>Close together, within hours, or over days.</summary>
    private static readonly Gen<DateTimeOffset> Moment =
        Gen.OneOf(Gen.Int[0, 120], Gen.Int[0, 7_200], Gen.Int[0, 100_000], Gen.Int[0, 300_000]).Select(s => Clock.Second(s));

    private static readonly Gen<TimeSpan> Lag = Gen.Frequency((5, Gen.Const(0)), (3, Gen.Int[1, 20]), (1, Gen.Int[20, 1_200])).Select(s => TimeSpan.FromSeconds(s));

    private static Gen<bool> OneIn(int n) => Gen.Int[1, n].Select(i => i == 1);

    private static readonly Gen<QuietHours> Window =
        Gen.Select(
            Gen.Frequency((2, Gen.Const(Array.Empty<int>())), (1, Gen.Int[1, 7].Array[1, 3])), Gen.Int[0, 23], Gen.Int[0, 23],
            (days, from, to) => new QuietHours(days, new TimeOnly(from, 0), new TimeOnly(to, 30)));

    private static readonly Gen<NotificationPreferences> Wishes =
        from email in OneIn(10)
        from push in OneIn(10)
        from delay in Gen.OneOf<int?>(null, null, null, 1, 3, 45, 90, 1440)
        from windows in Gen.Frequency((4, Gen.Const(Array.Empty<QuietHours>())), (1, Window.Array[1, 2]))
        from level in Gen.Frequency((6, Gen.Const(ConversationLevel.All)), (1, Gen.Enum<ConversationLevel>()))
        from muted in Gen.Frequency((6, Gen.Const((DateTimeOffset?)null)), (1, Moment.Select(m => (DateTimeOffset?)m)))
        select new NotificationPreferences
        {
            Email = !email,
            Push = !push,
            EmailDelay = delay is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            QuietHours = windows,
            Conversations = new Dictionary<string, ConversationPreference> { ["A"] = new(level, muted) },
        };

    private static readonly Gen<RecipientState> Person =
        from wishes in Wishes
        from zone in Gen.OneOf("UTC", "Europe/Paris", "America/New_York")
        from odds in Gen.Int[1, 12].Array[6]
        select People.Usual with
        {
            SiteEnabled = odds[0] != 1,
            HasPushSubscription = odds[1] > 3,
            Profile = odds[2] == 1 ? null : new RecipientProfile(odds[3] != 1, odds[4] == 1, odds[5] == 1, TimeZoneInfo.FindSystemTimeZoneById(zone), wishes),
        };

    private static readonly Gen<EscalationPolicy> Policy = Gen.Frequency(
        (2, Gen.Const(EscalationPolicy.Default)),
        (1, Gen.Const(new EscalationPolicy { EmailsPerConversation = 1, EmailsPerRecipient = 2, EmailLadder = [TimeSpan.FromMinutes(20)] })),
        (1, Gen.Const(new EscalationPolicy { EmailsPerConversation = 2, EmailsPerRecipient = 3, EmailLadder = [TimeSpan.FromMinutes(20), TimeSpan.FromHours(2), TimeSpan.FromHours(3)] })));

    private static readonly Gen<RelayEvent.MessageOutcome> Message =
        from conversation in Conversation
        from seq in Gen.Long[1, 9]
        from sent in Moment
        from outcome in Gen.Enum<DeliveryOutcome>()
        from presence in State
        from at in Conversation
        from kind in Gen.Enum<MessageKind>()
        from odds in Gen.Int[1, 10].Array[5]
        from input in Gen.Int[0, 200]
        select Happening.Message(
            conversation, seq, sent, presence, outcome, presence == Presence.Active ? at : null, kind, odds[0] == 1, odds[1] == 1, odds[2] == 1 ? Happening.Person : "u-1",
            odds[3] > 5 ? sent.AddSeconds(-input) : null, odds[4] == 1 ? sent.AddSeconds(10 * input) : null);

    private static readonly Gen<RelayEvent> Other = Gen.OneOf<RelayEvent>(
        Gen.Select(Conversation, Gen.Long[1, 9], Moment, RelayEvent (c, seq, at) => Happening.Seen(c, seq, at)),
        Gen.Select(State, Moment, Conversation, Node, Gen.Int[-1, 300], RelayEvent (state, at, c, node, input) =>
            Happening.Is(state, at, state == Presence.Active ? c : null, node, input < 0 ? null : at.AddSeconds(-input))),
        Gen.Select(Gen.OneOf(45, 45, 3600), Moment, Node, RelayEvent (lease, at, node) => Happening.Alive(TimeSpan.FromSeconds(lease), at, node)),
        Gen.Select(Conversation, Gen.Long[1, 9], Moment, RelayEvent (c, seq, at) => Happening.Deleted(c, seq, at)),
        Gen.Select(Conversation, Gen.Long[1, 9], Moment, RelayEvent (c, seq, at) => Happening.Edited(c, seq, at)));

    /// <summary>Messages, each once; some of them reported again with another outcome; and whatever else happens.</summary>
    public static Gen<RelayEvent[]> Events { get; } =
        from messages in Message.Array[1, 15]
        from second in Gen.Select(Gen.Enum<DeliveryOutcome>(), State, Gen.Int[0, 60]).Array[0, 3]
        from others in Other.Array[0, 12]
        let once = messages.DistinctBy(m => m.Message.Id).ToList()
        let again = once.Zip(second, (m, s) => m with { At = m.At.AddSeconds(s.Item3), Recipients = [m.Recipients[0] with { Outcome = s.Item1, Presence = s.Item2 }] })
        select (RelayEvent[])[.. once, .. again, .. others];

    public static Gen<Universe> All { get; } =
        from person in Person
        from policy in Policy
        from mail in Gen.OneOf(0, 0, 5, 200)
        from events in Events
        from lags in Lag.Array[40]
        from changes in Gen.Select(Moment, Person, (at, changed) => new Arrival(at, null, changed)).Array[0, 2]
        select new Universe(person, policy, TimeSpan.FromSeconds(mail), [.. events.Select((e, i) => new Arrival(e.At + lags[i], e)).Concat(changes).OrderBy(a => a.At)]);

    /// <summary>Nobody changes anything and nothing odd is wished: what must be told can be said for sure.</summary>
    public static Gen<Universe> Plain { get; } = All.Select(u => u with
    {
        Person = People.Usual,
        Policy = EscalationPolicy.Default,
        Arrivals = [.. u.Arrivals.Where(a => a.Event is RelayEvent.PresenceChanged or RelayEvent.RelayAlive or RelayEvent.MessageOutcome or RelayEvent.MessageEdited)],
    });
}

using System.Text.Json;
using CsCheck;
using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>Events arrive late, twice and in any order: the state after them is the same, and so is what follows.</summary>
public sealed class OrderPropertyTests
{
    private static readonly Gen<(RelayEvent[] Events, RelayEvent[] Shuffled, int Later)> Orders =
        from events in Universes.Events
        from twice in Gen.Bool.Array[events.Length]
        from shuffled in Gen.Shuffle(events.Concat(events.Where((_, i) => twice[i])).ToArray())
        from later in Gen.Int[0, 100_000]
        select (events, shuffled, later);

    [Fact]
    public void Any_order_and_repetition_gives_the_same_facts_and_the_same_decision() => Orders.Sample(order =>
    {
        var (facts, decisions) = After(order.Events, order.Later);
        var (otherFacts, otherDecisions) = After(order.Shuffled, order.Later);

        Assert.Equal(facts, otherFacts);
        Assert.Equal(decisions, otherDecisions);
    }, iter: 2_500);

    private static (string Facts, string Decisions) After(RelayEvent[] events, int later)
    {
        var now = Clock.Second(later);
        var world = new Simulation(start: now);
        foreach (var happening in events) world.Learn(happening);
        var conversations = ((string[])["A", "B", "C"]).Select(c => world[c]).ToList();
        return (
            JsonSerializer.Serialize((conversations, world.Recipient.Presence.OrderBy(r => r.Node), world.Recipient.NodeLeases.OrderBy(n => n.Key)), Fields),
            JsonSerializer.Serialize(conversations.Select(c => EscalationLadder.Decide(world.Recipient, c, EscalationPolicy.Default, now)), Fields));
    }

    private static readonly JsonSerializerOptions Fields = new() { IncludeFields = true };

    [Fact]
    public void The_seen_mark_and_the_lease_only_rise()
    {
        var world = new Simulation();
        foreach (var happening in (RelayEvent[])[Happening.Seen("A", 5, Clock.Minute(2)), Happening.Seen("A", 3, Clock.Minute(1)),
            Happening.Alive(TimeSpan.FromMinutes(5), Clock.Start), Happening.Alive(TimeSpan.FromMinutes(1), Clock.Start)]) world.Learn(happening);

        Assert.Equal((5, Clock.Minute(2)), (world["A"].SeenUpTo, world["A"].SeenAt));
        Assert.Equal(Clock.Minute(5), world.Recipient.NodeLeases["n1"]);
    }

    [Fact]
    public void Reported_twice_the_outcome_only_rises_and_presence_is_what_the_first_report_said()
    {
        var first = Happening.Message("A", 1, Clock.Start, Presence.Active, DeliveryOutcome.Sent, "A");
        var second = Happening.Message("A", 1, Clock.Start, Presence.Idle) with { At = Clock.Second(5) };
        foreach (var order in (RelayEvent[][])[[first, second], [second, first]])
        {
            var world = new Simulation();
            foreach (var happening in order) world.Learn(happening);

            var message = Assert.Single(world["A"].Unseen);
            Assert.Equal((DeliveryOutcome.Delivered, Presence.Active, Clock.Start), (message.Outcome, message.Presence, message.ReportedAt));
        }
    }
}

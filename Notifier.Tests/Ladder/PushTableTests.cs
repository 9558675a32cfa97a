using Notifier.Domain;
using static Notifier.Tests.Ladder.Clock;
using static Notifier.Tests.Ladder.Happening;

namespace Notifier.Tests.Ladder;

/// <summary>The table "presence at message time × age" of docs/escalation.md, the Web Push column, row by row.</summary>
public sealed class PushTableTests
{
    public static TheoryData<string, Presence, string?, DeliveryOutcome, double> Rows => new()
    {
        { "active here, acknowledged", Presence.Active, "A", DeliveryOutcome.Delivered, 30 },
        { "active elsewhere", Presence.Active, "B", DeliveryOutcome.Delivered, 60 },
        { "online", Presence.Online, null, DeliveryOutcome.Delivered, 60 },
        { "idle", Presence.Idle, null, DeliveryOutcome.Delivered, 20 },
        { "idle, not acknowledged", Presence.Idle, null, DeliveryOutcome.Sent, 20 },
        { "offline", Presence.Offline, null, DeliveryOutcome.Sent, 0 },
        { "offline, but delivered", Presence.Offline, null, DeliveryOutcome.Delivered, 0 },
        { "undelivered", Presence.Offline, null, DeliveryOutcome.Undelivered, 0 },
        { "undelivered, though said to be active here", Presence.Active, "A", DeliveryOutcome.Undelivered, 0 },
        { "active here, but nobody acknowledged", Presence.Active, "A", DeliveryOutcome.Sent, 45 },
    };

    [Theory, MemberData(nameof(Rows))]
    public void A_push_message_waits_as_long_as_the_table_says(string row, Presence presence, string? at, DeliveryOutcome outcome, double seconds)
    {
        var world = Present(presence, at).Then(Message("A", 1, Second(0), presence, outcome, at));

        if (seconds > 0) Assert.Empty(world.Until(Second(seconds - 0.001)).Times(Channel.Push, "A"));
        Assert.True(new[] { Second(seconds) }.SequenceEqual(world.ToTheEnd().Times(Channel.Push, "A")), row);
    }

    [Theory]
    [InlineData(Presence.Active, "A", Reason.ActiveInConversation)]
    [InlineData(Presence.Active, "B", Reason.OnlineElsewhere)]
    [InlineData(Presence.Online, null, Reason.OnlineElsewhere)]
    [InlineData(Presence.Idle, null, Reason.OnlineElsewhere)]
    public void The_wait_says_where_the_person_is(Presence presence, string? at, Reason reason)
    {
        var world = Present(presence, at).Then(Message("A", 1, Second(0), presence, at: at));

        Assert.Equal(reason, world.LastOn(Channel.Push, "A-1")?.Reason);
    }

    [Theory]
    [InlineData(Presence.Active, "A")]
    [InlineData(Presence.Active, "B")]
    [InlineData(Presence.Online, null)]
    public void Who_was_there_and_turns_away_is_told_at_once(Presence presence, string? at)
    {
        foreach (var gone in (Presence[])[Presence.Idle, Presence.Offline])
        {
            var world = Present(presence, at).Then(Message("A", 1, Second(0), presence, at: at)).Then(Is(gone, Second(7)));

            Assert.Equal([Second(7)], world.Times(Channel.Push, "A"));
        }
    }

    [Fact]
    public void What_is_seen_within_the_wait_is_never_pushed()
    {
        var world = Present(Presence.Active, "A").Then(Message("A", 1, Second(0), Presence.Active, at: "A")).Then(Seen("A", 1, Second(29))).ToTheEnd();

        Assert.Empty(world.Told);
        Assert.Equal(Reason.AlreadySeen, world.LastOn(Channel.Push, "A-1")?.Reason);
    }

    [Fact]
    public void Presence_that_nothing_renews_ends_with_its_lease()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0), Presence.Online)).ToTheEnd();

        Assert.Equal([Second(45)], world.Times(Channel.Push, "A"));
    }

    [Fact]
    public void A_node_that_dies_takes_its_people_offline_even_if_another_node_holds_a_hidden_tab()
    {
        var world = new Simulation().Then(Alive(TimeSpan.FromHours(1), Second(0), "n2"))
            .Then(Message("A", 1, Second(0), Presence.Online))
            .Then(Is(Presence.Online, Second(1), node: "n1"))
            .Then(Is(Presence.Idle, Second(2), node: "n2"))
            .ToTheEnd();

        Assert.Equal([Second(46)], world.Times(Channel.Push, "A"));
    }

    [Fact]
    public void To_enter_the_conversation_does_not_hasten_the_push_message()
    {
        var world = Present(Presence.Online, null).Then(Message("A", 1, Second(0), Presence.Online)).Then(Is(Presence.Active, Second(40), "A")).ToTheEnd();

        Assert.Equal([Second(60)], world.Times(Channel.Push, "A"));
    }

    [Fact]
    public void To_leave_the_conversation_for_another_does_not_put_the_push_message_off()
    {
        var world = Present(Presence.Active, "A").Then(Message("A", 1, Second(0), Presence.Active, at: "A")).Then(Is(Presence.Active, Second(10), "B")).ToTheEnd();

        Assert.Equal([Second(30)], world.Times(Channel.Push, "A"));
    }

    [Fact]
    public void The_first_message_that_is_due_takes_the_later_ones_along()
    {
        var world = Present(Presence.Online, null)
            .Then(Message("A", 1, Second(0), Presence.Online)).Then(Message("A", 2, Second(50), Presence.Online)).ToTheEnd();

        var push = Assert.Single(world.Told, t => t.Channel == Channel.Push);
        Assert.Equal(Second(60), push.At);
        Assert.Equal([1, 2], push.Messages.Select(m => m.Seq));
    }

    /// <summary>A person whom a living node reported a minute ago.</summary>
    private static Simulation Present(Presence presence, string? at) =>
        new Simulation().Happens(Is(presence, Minute(-1), at)).Happens(Alive(TimeSpan.FromHours(12), Start));
}

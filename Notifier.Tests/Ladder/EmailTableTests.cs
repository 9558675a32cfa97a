using Notifier.Domain;
using static Notifier.Tests.Ladder.Clock;
using static Notifier.Tests.Ladder.Happening;

namespace Notifier.Tests.Ladder;

/// <summary>The table "presence at message time × age" of docs/escalation.md, the email column, row by row.</summary>
public sealed class EmailTableTests
{
    public static TheoryData<string, Presence, string?, DeliveryOutcome> Rows => new()
    {
        { "active here, acknowledged", Presence.Active, "A", DeliveryOutcome.Delivered },
        { "active elsewhere", Presence.Active, "B", DeliveryOutcome.Delivered },
        { "online", Presence.Online, null, DeliveryOutcome.Delivered },
        { "idle", Presence.Idle, null, DeliveryOutcome.Delivered },
        { "offline", Presence.Offline, null, DeliveryOutcome.Sent },
        { "undelivered", Presence.Active, "A", DeliveryOutcome.Undelivered },
    };

    [Theory, MemberData(nameof(Rows))]
    public void Without_activity_after_the_message_the_email_goes_after_the_delay(string row, Presence presence, string? at, DeliveryOutcome outcome)
    {
        foreach (var (kind, mentioned, minutes) in ((MessageKind, bool, double)[])
            [(MessageKind.Direct, false, 10), (MessageKind.Mention, false, 10), (MessageKind.Group, true, 10), (MessageKind.Group, false, 30)])
        {
            var world = new Simulation().Then(Message("A", 1, Second(0), presence, outcome, at, kind, mentioned));

            Assert.Empty(world.Until(Minute(minutes).AddMilliseconds(-1)).Times(Channel.Email, "A"));
            Assert.True(new[] { Minute(minutes) }.SequenceEqual(world.ToTheEnd().Times(Channel.Email, "A")), $"{row}, {kind}");
        }
    }

    [Theory, MemberData(nameof(Rows))]
    public void Activity_after_the_message_moves_the_email(string row, Presence presence, string? at, DeliveryOutcome outcome)
    {
        var world = new Simulation().Then(Message("A", 1, Second(0), presence, outcome, at)).Then(Is(Presence.Online, Minute(4))).ToTheEnd();

        Assert.True(new[] { Minute(14) }.SequenceEqual(world.Times(Channel.Email, "A")), row);
    }

    [Fact]
    public void Activity_that_the_message_report_itself_tells_of_counts()
    {
        var late = Message("A", 1, Second(0), Presence.Idle, lastActive: Minute(2)) with { At = Minute(3) };

        Assert.Equal([Minute(12)], new Simulation().Then(late).ToTheEnd().Times(Channel.Email, "A"));
    }

    [Fact]
    public void Activity_before_the_message_does_not_hasten_the_email()
    {
        var world = new Simulation().Happens(Is(Presence.Online, Minute(-5))).Then(Message("A", 1, Second(0), Presence.Idle, lastActive: Minute(-3))).ToTheEnd();

        Assert.Equal([Minute(10)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void Who_had_it_before_their_eyes_and_stays_there_is_mailed_after_the_plain_delay()
    {
        var world = new Simulation().Happens(Is(Presence.Active, Minute(-1), "A")).Happens(Alive(TimeSpan.FromHours(2), Start))
            .Then(Message("A", 1, Second(0), Presence.Active, at: "A", lastActive: Second(0))).ToTheEnd();

        Assert.Equal([Minute(10)], world.Times(Channel.Email, "A"));
    }

    [Theory]
    [InlineData(10, 60)]
    [InlineData(90, 90)]
    public void Activity_moves_the_email_to_60_min_after_the_message_at_most_and_never_before_the_delay(double delay, double minutes)
    {
        var world = new Simulation(People.Usual.Wishing(p => p with { EmailDelay = TimeSpan.FromMinutes(delay) })).Then(Message("A", 1, Second(0), Presence.Online));
        for (var minute = 5; minute <= 120; minute += 5) world.Then(Is(Presence.Online, Minute(minute)));

        Assert.Equal([Minute(minutes)], world.ToTheEnd().Times(Channel.Email, "A"));
    }

    [Fact]
    public void The_activity_before_a_report_that_tells_of_none_stays_known()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0))).Then(Is(Presence.Online, Minute(8))).Then(Is(Presence.Idle, Minute(9))).ToTheEnd();

        Assert.Equal([Minute(18)], world.Times(Channel.Email, "A"));
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(3, 2)]
    [InlineData(4.5, 2.25)]
    [InlineData(1, 1)]
    public void Without_a_push_subscription_the_delay_is_half_as_long_but_not_under_2_min(double delay, double minutes)
    {
        var world = new Simulation(People.WithoutDevice.Wishing(p => p with { EmailDelay = TimeSpan.FromMinutes(delay) })).Then(Message("A", 1, Second(0))).ToTheEnd();

        Assert.Equal([Minute(minutes)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void A_persons_own_delay_goes_before_the_sites()
    {
        var policy = new EscalationPolicy { EmailDelay = TimeSpan.FromMinutes(20) };
        var own = People.Usual.Wishing(p => p with { EmailDelay = TimeSpan.FromMinutes(7) });

        Assert.Equal([Minute(20)], new Simulation(policy: policy).Then(Message("A", 1, Second(0))).ToTheEnd().Times(Channel.Email, "A"));
        Assert.Equal([Minute(7)], new Simulation(own, policy).Then(Message("A", 1, Second(0))).ToTheEnd().Times(Channel.Email, "A"));
    }

    [Theory]
    [InlineData(Presence.Active, "A", Reason.ActiveInConversation)]
    [InlineData(Presence.Online, null, Reason.OnlineElsewhere)]
    [InlineData(Presence.Offline, null, Reason.Delay)]
    public void The_wait_says_why(Presence presence, string? at, Reason reason) =>
        Assert.Equal(reason, new Simulation().Then(Message("A", 1, Second(0), presence, at: at)).LastOn(Channel.Email, "A-1")?.Reason);
}

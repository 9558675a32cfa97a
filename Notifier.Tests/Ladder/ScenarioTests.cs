using Notifier.Domain;
using static Notifier.Tests.Ladder.Clock;
using static Notifier.Tests.Ladder.Happening;

namespace Notifier.Tests.Ladder;

/// <summary>The scenarios of docs/escalation.md that are decided by the ladder alone, by their numbers.</summary>
public sealed class ScenarioTests
{
    /// <summary>The node renews its lease for as long as any test lasts.</summary>
    private static readonly RelayEvent NodeLives = Alive(TimeSpan.FromHours(12), Start);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A1_The_lid_was_closed_before_the_message(bool theNodeLives)
    {
        var world = new Simulation().Happens(Is(Presence.Active, Second(-20), "A"));
        if (theNodeLives) world.Happens(NodeLives);
        world.Then(Message("A", 1, Second(0), Presence.Active, DeliveryOutcome.Sent, "A")).ToTheEnd();

        Assert.Equal([Second(45)], world.Times(Channel.Push, "A"));
        Assert.Equal([Minute(10)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void A2_A_tab_is_open_without_input_for_two_hours()
    {
        var world = new Simulation().Happens(Is(Presence.Idle, Hour(-2))).Happens(NodeLives).Then(Message("A", 1, Second(0), Presence.Idle)).ToTheEnd();

        Assert.Equal([Second(20)], world.Times(Channel.Push, "A"));
        Assert.Equal([Minute(10)], world.Times(Channel.Email, "A"));
    }

    [Theory]
    [InlineData(25, 35)]    // leaves after 25 min: email 10 min after the last activity
    [InlineData(55, 60)]    // but at most 60 min after the message
    [InlineData(300, 60)]   // stays all day: the relay reports nothing new, and the lease lives on
    public void A3_Active_in_another_conversation_all_day(double leavesAt, double email)
    {
        var world = new Simulation().Happens(Is(Presence.Active, Minute(-30), "B")).Happens(NodeLives)
            .Then(Message("A", 1, Second(0), Presence.Active, at: "B"))
            .Then(Is(Presence.Idle, Minute(leavesAt), lastActive: Minute(leavesAt))).ToTheEnd();

        Assert.Equal([Second(60)], world.Times(Channel.Push, "A"));
        Assert.Equal([Minute(email)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void A3_The_push_message_goes_on_Idle()
    {
        var world = new Simulation().Happens(Is(Presence.Active, Minute(-30), "B")).Happens(NodeLives)
            .Then(Message("A", 1, Second(0), Presence.Active, at: "B")).Then(Is(Presence.Idle, Second(40), lastActive: Second(30))).ToTheEnd();

        Assert.Equal([Second(40)], world.Times(Channel.Push, "A"));
        Assert.Equal([Second(630)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void A4_To_see_one_conversation_leaves_another_as_it_is()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0))).Then(Message("B", 1, Second(1))).Then(Seen("B", 1, Minute(1))).ToTheEnd();

        Assert.Equal([Minute(10)], world.Times(Channel.Email, "A"));
        Assert.Empty(world.Times(Channel.Email, "B"));
    }

    [Fact]
    public void A5_Seen_a_moment_before_the_mail_goes_out()
    {
        var world = new Simulation { MailTakes = TimeSpan.FromSeconds(5) }
            .Then(Message("A", 1, Second(0))).Then(Seen("A", 1, Second(604.999))).ToTheEnd();

        Assert.Empty(world.Times(Channel.Email, "A"));
        Assert.Equal(Ruling.Skip(Reason.AlreadySeen), world.LastOn(Channel.Email, "A-1"));
        Assert.Null(world["A"].EmailAttempt);
    }

    [Fact]
    public void A6_The_seen_event_arrives_before_the_message()
    {
        var world = new Simulation().Happens(Seen("A", 1, Second(0))).Then(Message("A", 1, Second(0))).ToTheEnd();

        Assert.Empty(world.Told);
        Assert.Equal(Ruling.Skip(Reason.AlreadySeen), world.LastOn(Channel.Push, "A-1"));
        Assert.Equal(Ruling.Skip(Reason.AlreadySeen), world.LastOn(Channel.Email, "A-1"));
    }

    [Fact]
    public void A7_Back_just_before_the_email_is_due()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0), outcome: DeliveryOutcome.Undelivered)).Then(Is(Presence.Online, Second(594))).ToTheEnd();

        Assert.Equal([Second(1194)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void A7_Back_between_the_decision_and_the_sending()
    {
        var world = new Simulation { MailTakes = TimeSpan.FromSeconds(5) }
            .Then(Message("A", 1, Second(0), outcome: DeliveryOutcome.Undelivered)).Then(Is(Presence.Online, Second(602))).ToTheEnd();

        Assert.Equal([Second(1207)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void A8_A_deleted_message_is_left_out()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0))).Then(Message("A", 2, Second(1))).Then(Deleted("A", 1, Minute(5))).ToTheEnd();

        var email = Assert.Single(world.Told, t => t.Channel == Channel.Email);
        Assert.Equal([2], email.Messages.Select(m => m.Seq));
        Assert.Equal(Ruling.Skip(Reason.Deleted), world.LastOn(Channel.Email, "A-1"));
    }

    [Fact]
    public void A8_A_deletion_that_arrives_before_its_message_holds()
    {
        var world = new Simulation().Happens(Deleted("A", 1, Second(0))).Then(Message("A", 1, Second(0))).ToTheEnd();

        Assert.Empty(world.Told);
        Assert.Equal(Ruling.Skip(Reason.Deleted), world.LastOn(Channel.Push, "A-1"));
    }

    [Fact]
    public void A9_Thirty_messages_in_five_minutes_are_one_email()
    {
        var world = new Simulation();
        for (var i = 0; i < 30; i++) world.Then(Message("A", i + 1, Second(10 * i)));
        world.ToTheEnd();

        var email = Assert.Single(world.Told, t => t.Channel == Channel.Email);
        Assert.Equal(Minute(10), email.At);
        Assert.Equal(30, email.Messages.Count);
    }

    [Fact]
    public void A10_Three_a_minute_for_two_hours()
    {
        var world = new Simulation();
        for (var i = 0; i < 360; i++) world.Then(Message("A", i + 1, Second(20 * i)));
        world.ToTheEnd();

        var emails = world.Told.Where(t => t.Channel == Channel.Email).ToList();
        Assert.Equal([Minute(15), Minute(80), Minute(440)], emails.Select(e => e.At));
        Assert.Equal(Enumerable.Range(1, 360).Select(i => (long)i), emails.SelectMany(e => e.Messages).Select(m => m.Seq));
    }
}

using Notifier.Domain;
using static Notifier.Tests.Ladder.Clock;
using static Notifier.Tests.Ladder.Happening;

namespace Notifier.Tests.Ladder;

/// <summary>Coalescing: quiet before an email, the steps between emails, the caps.</summary>
public sealed class EmailLadderTests
{
    [Fact]
    public void An_email_waits_for_60_s_of_quiet()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0))).Then(Message("A", 2, Second(590))).Then(Message("A", 3, Second(645))).ToTheEnd();

        var email = Assert.Single(world.Told, t => t.Channel == Channel.Email);
        Assert.Equal((Second(705), 3), (email.At, email.Messages.Count));
    }

    [Fact]
    public void Further_emails_come_after_1_6_and_24_h_and_then_no_more()
    {
        var world = new Simulation();
        for (var i = 0; i < 70; i++) world.Then(Message("A", i + 1, Hour(i)));
        world.ToTheEnd();

        var first = Minute(10);
        Assert.Equal([first, first.AddHours(1), first.AddHours(7), first.AddHours(31)], world.Times(Channel.Email, "A"));
        Assert.Equal(Ruling.Skip(Reason.Throttled), world.LastOn(Channel.Email, "A-70"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void To_see_the_conversation_or_to_be_active_in_it_starts_the_ladder_anew(bool sees)
    {
        var world = new Simulation().Then(Message("A", 1, Second(0))).Until(Minute(20));
        world.Then(sees ? Seen("A", 1, Minute(20)) : Is(Presence.Active, Minute(20), "A")).Then(Message("A", 2, Minute(30))).ToTheEnd();

        Assert.Equal([Minute(10), Minute(40)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void To_be_active_elsewhere_does_not()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0))).Then(Is(Presence.Active, Minute(20), "B")).Then(Message("A", 2, Minute(30))).ToTheEnd();

        Assert.Equal([Minute(10), Minute(70)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void Four_emails_a_day_about_one_conversation_however_often_it_is_seen()
    {
        var world = new Simulation();
        for (var i = 0; i < 8; i++) world.Then(Message("A", i + 1, Hour(i))).Then(Seen("A", i + 1, Hour(i + 0.5)));
        world.Then(Message("A", 9, Hour(8))).ToTheEnd();

        Assert.Equal([.. Enumerable.Range(0, 4).Select(i => Hour(i).AddMinutes(10)), Hour(24).AddMinutes(10)], world.Times(Channel.Email, "A"));
    }

    [Fact]
    public void Twenty_emails_a_day_to_one_person()
    {
        var world = new Simulation();
        for (var i = 0; i < 25; i++) world.Then(Message($"c{i}", 1, Minute(i)));
        world.ToTheEnd();

        var emails = world.Told.Where(t => t.Channel == Channel.Email).Select(t => t.At).ToList();
        Assert.Equal(25, emails.Count);
        Assert.Equal(20, emails.Count(at => at < Hour(24)));
    }

    [Fact]
    public void What_is_too_old_takes_nothing_along_that_is_still_young()
    {
        var world = new Simulation().Then(Message("A", 1, Second(0), expiresAt: Minute(5))).Then(Message("A", 2, Minute(9))).ToTheEnd();

        Assert.Equal([Minute(19)], world.Times(Channel.Email, "A"));
        Assert.Equal(new Ruling(Verdict.Expire, Reason.Stale), world.LastOn(Channel.Email, "A-1"));
    }

    [Fact]
    public void A_message_that_expires_or_is_older_than_72_h_is_told_to_nobody()
    {
        var world = new Simulation().Until(Hour(72).AddMilliseconds(1)).Happens(Message("A", 1, Start)).Happens(Message("B", 1, Hour(72), expiresAt: Hour(72))).ToTheEnd();

        Assert.Empty(world.Told);
        Assert.Single(new Simulation().Until(Hour(72)).Happens(Message("A", 1, Start)).Told, t => t.Channel == Channel.Push);
    }

    [Fact]
    public void An_email_under_way_takes_the_later_message_along()
    {
        var world = new Simulation { MailTakes = TimeSpan.FromMinutes(12) }.Then(Message("A", 1, Second(0))).Then(Message("A", 2, Minute(11))).ToTheEnd();

        var email = Assert.Single(world.Told, t => t.Channel == Channel.Email);
        Assert.Equal((Minute(22), 2), (email.At, email.Messages.Count));
    }

    [Fact]
    public void What_waits_beside_an_email_that_fails_is_not_forgotten()
    {
        var attempt = new Guid(1, 0, 0, new byte[8]);
        var world = new Simulation { MailTakes = TimeSpan.FromHours(1) }.Then(Message("A", 2, Second(0))).Until(Minute(10)).Happens(Message("A", 1, Minute(9)));
        var failed = new RelayEvent.EmailFinished(Site, Minute(12), Person, "A", attempt, 2, Verdict.Failed, Reason.Rejected);

        var before = world["A"];
        var after = before.Finish(failed);

        Assert.Equal([null, new Ruling(Verdict.Failed, Reason.Rejected)], after.Unseen.Select(m => m.Email));
        Assert.Same(after, after.Finish(failed));
        Assert.Same(before, before.Finish(failed with { Attempt = new Guid(2, 0, 0, new byte[8]) }));
    }
}

using Notifier.Domain;
using static Notifier.Tests.Ladder.Clock;
using static Notifier.Tests.Ladder.Happening;

namespace Notifier.Tests.Ladder;

/// <summary>What is due together for one person: an email each, or one digest.</summary>
public sealed class EmailGatheringTests
{
    private static readonly EscalationPolicy Policy = EscalationPolicy.Default;

    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(3, 0, false)]
    [InlineData(4, 0, true)]
    [InlineData(3, 17, false)]
    [InlineData(3, 18, true)]
    public void More_than_three_conversations_or_more_than_the_day_has_room_for_are_one_digest(int due, int sentToday, bool digest) =>
        Assert.Equal(digest, EmailGathering.IsOneDigest(
            People.Usual with { EmailsLastDay = [.. Enumerable.Repeat(Minute(0), sentToday)] }, [.. Enumerable.Range(0, due).Select(n => At(Minute(20), $"{n}"))], Policy, Minute(20)));

    [Theory]
    [InlineData(Reason.QuietHours, true)]
    [InlineData(Reason.OnlineElsewhere, false)]
    [InlineData(Reason.Throttled, false)]
    public void A19_Two_conversations_are_one_digest_where_one_waited_for_quiet_hours_to_end(Reason waited, bool digest)
    {
        var held = At(Minute(20), "A");
        held = held with { Unseen = [.. held.Unseen.Select(m => m.With(Channel.Email, Ruling.Wait(waited, Minute(20))))] };

        Assert.Equal(digest, EmailGathering.IsOneDigest(People.Usual, [held, At(Minute(20), "B")], Policy, Minute(20)));
        Assert.False(EmailGathering.IsOneDigest(People.Usual, [held], Policy, Minute(20)));
    }

    [Theory]
    [InlineData(24, false)]
    [InlineData(25, true)]
    public void A17_After_an_outage_what_is_older_than_a_day_goes_into_a_digest(int hours, bool digest)
    {
        Assert.Equal(digest, EmailGathering.IsOneDigest(People.Usual, [At(Hour(0), "A"), At(Hour(hours), "B")], Policy, Hour(hours)));
    }

    [Fact]
    public void What_was_told_before_asks_for_no_digest()
    {
        var told = At(Hour(0), "A");
        told = told with { Unseen = [.. told.Unseen.Select(m => m.With(Channel.Email, new Ruling(Verdict.Told, Reason.Accepted))), .. At(Hour(30), "A").Unseen] };

        Assert.False(EmailGathering.IsOneDigest(People.Usual, [told, At(Hour(30), "B")], Policy, Hour(30)));
    }

    /// <summary>A conversation with one message of that time.</summary>
    private static ConversationState At(DateTimeOffset time, string conversation) =>
        new Simulation().Then(Message(conversation, 1, time, Presence.Offline, DeliveryOutcome.Sent))[conversation];
}

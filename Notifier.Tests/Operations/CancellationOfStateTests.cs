using System.Text;
using Notifier.Domain;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class CancellationOfStateTests
{
    private static readonly Ruling Cancelled = Ruling.Skip(Reason.Cancelled);
    private static readonly Ruling Waiting = Ruling.Wait(Reason.Delay, DateTimeOffset.UnixEpoch);
    private static readonly Ruling Handed = new(Verdict.Send, Reason.Unseen);
    private static readonly Ruling Told = new(Verdict.Told, Reason.Accepted);

    [Fact]
    public void What_is_undecided_or_waits_is_skipped_and_what_has_reached_its_end_stays()
    {
        var conversation = Of(null, null, Waiting, Told, Ruling.Skip(Reason.OwnMessage));

        var after = conversation.Cancel();

        Assert.Equal([Cancelled, Cancelled, Told, Ruling.Skip(Reason.OwnMessage)], after.Unseen.Select(m => m.Email));
        Assert.Null(after.EmailAttempt);
    }

    [Fact]
    public void What_was_handed_to_the_email_under_way_is_skipped_with_it()
    {
        var after = Of(Guid.NewGuid(), Handed, Waiting).Cancel();

        Assert.Equal([Cancelled, Cancelled], after.Unseen.Select(m => m.Email));
        Assert.Null(after.EmailAttempt);
    }

    [Fact]
    public void Said_twice_it_changes_nothing()
    {
        var once = Of(Guid.NewGuid(), null, Waiting, Handed, Told).Cancel();

        Assert.Equal(once.Unseen, once.Cancel().Unseen);
    }

    [Fact]
    public void The_gate_mails_nothing_of_it_and_the_last_look_finds_nothing_to_tell()
    {
        var recipient = new RecipientState
        {
            Key = new("acme", "u-2"),
            Profile = new RecipientProfile(HasAddress: true, AddressSuppressed: false, Unsubscribed: false, TimeZoneInfo.Utc, NotificationPreferences.Default),
        };
        var (before, now) = (Of(Guid.NewGuid(), Handed), DateTimeOffset.UnixEpoch + TimeSpan.FromMinutes(30));
        Assert.True(EscalationLadder.LastLook(Channel.Email, recipient, before, upTo: 9, EscalationPolicy.Default, now).Sends); // or the next lines would prove nothing

        var after = before.Cancel();

        Assert.False(EscalationLadder.LastLook(Channel.Email, recipient, after, upTo: 9, EscalationPolicy.Default, now).Sends);
        Assert.Empty(EscalationLadder.Decide(recipient, after, EscalationPolicy.Default, now).Email.Rulings);
    }

    [Fact]
    public void Our_own_event_comes_back_as_it_was_written_in_the_shard_of_its_recipient()
    {
        var cancelled = new RelayEvent.EmailCancelled("acme", new DateTimeOffset(2026, 11, 24, 2, 41, 0, TimeSpan.Zero), "u-2", "c-9");

        Assert.Equal(cancelled, OwnEvents.Read(Encoding.UTF8.GetBytes(OwnEvents.Write(cancelled))));
        Assert.Equal(Shard.Of("acme", "u-2"), OwnEvents.ShardOf(cancelled));
    }

    private static ConversationState Of(Guid? attempt, params Ruling?[] emails) =>
        new() { Conversation = "c-9", EmailAttempt = attempt, Unseen = [.. emails.Select((e, i) => CancelledMessages.With(e, i + 1))] };
}

using Notifier.Domain;

namespace Notifier.Tests.Ladder;

/// <summary>The first rule that applies is the reason: for neighbours in the promised order, a state where both apply.</summary>
public sealed class GateOrderTests
{
    private static readonly DateTimeOffset Now = Clock.Start;

    /// <summary>One person, one conversation, one message that is due on both channels.</summary>
    private sealed record Scene(RecipientState Person, ConversationState Conversation, UnseenMessage Message)
    {
        public static Scene Due { get; } = new(People.Usual, new ConversationState { Conversation = "A" }, new UnseenMessage(
            "A-1", 1, MessageKind.Group, DeliveryOutcome.Undelivered, Presence.Offline, false, false, false, false, false, Now.AddHours(-1), Now.AddHours(-1), Now.AddHours(-1), null, null));

        public Ruling Ask(Channel channel) =>
            Assert.Single(EscalationLadder.Decide(Person, Conversation with { Unseen = [Message] }, EscalationPolicy.Default, Now).On(channel).Rulings).Ruling;
    }

    private static Scene Apply(Reason reason, Scene scene) => reason switch
    {
        Reason.SiteDisabled => scene with { Person = scene.Person with { SiteEnabled = false } },
        Reason.RecipientGone => scene with { Person = scene.Person with { Profile = null, HasPushSubscription = false } },
        Reason.AddressSuppressed => scene with { Person = scene.Person.With(p => p with { AddressSuppressed = true }) },
        Reason.Unsubscribed => scene with { Person = scene.Person.Wishing(p => p with { Email = false, Push = false }) },
        Reason.ConversationMuted => scene with { Person = scene.Person.Wishing("A", new ConversationPreference(scene.Person.Profile!.In("A").Level, Now.AddHours(1))) },
        Reason.BelowLevel => scene with { Person = scene.Person.Wishing("A", scene.Person.Profile!.In("A") with { Level = ConversationLevel.Mentions }) },
        Reason.OwnMessage => scene with { Message = scene.Message with { Own = true } },
        Reason.Deleted => scene with { Message = scene.Message with { Deleted = true } },
        Reason.AlreadySeen => scene with { Conversation = scene.Conversation with { SeenUpTo = 1 } },
        Reason.ActiveInConversation => scene with { Message = Arriving(scene.Message) with { Presence = Presence.Active, ActiveHere = true } },
        Reason.OnlineElsewhere => scene with { Message = Arriving(scene.Message) with { Presence = Presence.Online } },
        Reason.QuietHours => scene with { Person = scene.Person.QuietNow() },
        Reason.Throttled => scene with { Conversation = scene.Conversation with { EmailLevel = 1, LastEmailAt = Now.AddMinutes(-5) } },
        Reason.Stale => scene with { Message = scene.Message with { ExpiresAt = Now } },
        Reason.NoDevice => scene with { Person = scene.Person with { HasPushSubscription = false } },
        Reason.NoAddress => scene with { Person = scene.Person.With(p => p with { HasAddress = false }) },
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    private static UnseenMessage Arriving(UnseenMessage m) => m with { Outcome = DeliveryOutcome.Delivered, SentAt = Now, ReportedAt = Now, ReceivedAt = Now };

    [Theory]
    [InlineData(Channel.Push, Reason.SiteDisabled, Reason.RecipientGone)]
    [InlineData(Channel.Email, Reason.SiteDisabled, Reason.AddressSuppressed)]
    [InlineData(Channel.Push, Reason.RecipientGone, Reason.OwnMessage)]   // nobody unknown has an address, or wishes
    [InlineData(Channel.Email, Reason.RecipientGone, Reason.Deleted)]
    [InlineData(Channel.Push, Reason.RecipientGone, Reason.AlreadySeen)]
    [InlineData(Channel.Email, Reason.RecipientGone, Reason.Stale)]
    [InlineData(Channel.Email, Reason.AddressSuppressed, Reason.Unsubscribed)]
    [InlineData(Channel.Email, Reason.Unsubscribed, Reason.ConversationMuted)]
    [InlineData(Channel.Push, Reason.Unsubscribed, Reason.ConversationMuted)]
    [InlineData(Channel.Push, Reason.ConversationMuted, Reason.BelowLevel)]
    [InlineData(Channel.Push, Reason.BelowLevel, Reason.OwnMessage)]
    [InlineData(Channel.Push, Reason.OwnMessage, Reason.Deleted)]
    [InlineData(Channel.Push, Reason.Deleted, Reason.AlreadySeen)]
    [InlineData(Channel.Push, Reason.AlreadySeen, Reason.ActiveInConversation)]
    [InlineData(Channel.Email, Reason.AlreadySeen, Reason.ActiveInConversation)]
    [InlineData(Channel.Push, Reason.ActiveInConversation, Reason.QuietHours)]   // one cannot be both active here and elsewhere
    [InlineData(Channel.Email, Reason.ActiveInConversation, Reason.QuietHours)]
    [InlineData(Channel.Push, Reason.OnlineElsewhere, Reason.QuietHours)]
    [InlineData(Channel.Email, Reason.OnlineElsewhere, Reason.QuietHours)]
    [InlineData(Channel.Email, Reason.QuietHours, Reason.Throttled)]
    [InlineData(Channel.Push, Reason.QuietHours, Reason.Stale)]
    [InlineData(Channel.Email, Reason.Throttled, Reason.Stale)]
    [InlineData(Channel.Push, Reason.Stale, Reason.NoDevice)]
    [InlineData(Channel.Email, Reason.Stale, Reason.NoAddress)]
    public void Of_two_reasons_that_apply_the_earlier_is_given(Channel channel, Reason earlier, Reason later)
    {
        Assert.Equal(earlier, Apply(earlier, Scene.Due).Ask(channel).Reason);
        Assert.Equal(later, Apply(later, Scene.Due).Ask(channel).Reason);

        Assert.Equal(earlier, Apply(later, Apply(earlier, Scene.Due)).Ask(channel).Reason);
    }

    [Fact]
    public void Where_none_applies_the_message_goes()
    {
        Assert.Equal(new Ruling(Verdict.Send, Reason.Unseen), Scene.Due.Ask(Channel.Push));
        Assert.Equal(new Ruling(Verdict.Send, Reason.Unseen), Scene.Due.Ask(Channel.Email));
    }

    [Theory]
    [InlineData(Channel.Push)]
    [InlineData(Channel.Email)]
    public void What_was_told_is_not_asked_about_again(Channel channel)
    {
        var told = Scene.Due.Message.With(channel, new Ruling(Verdict.Told, Reason.Accepted));

        Assert.Empty(EscalationLadder.Decide(People.Usual, Scene.Due.Conversation with { Unseen = [told] }, EscalationPolicy.Default, Now).On(channel).Rulings);
    }

    [Fact]
    public void A_suppressed_address_or_the_end_of_emails_leaves_push_alone()
    {
        Assert.Equal(Verdict.Send, Apply(Reason.AddressSuppressed, Scene.Due).Ask(Channel.Push).Verdict);
        Assert.Equal(Verdict.Send, (Scene.Due with { Person = People.Usual.With(p => p with { Unsubscribed = true }) }).Ask(Channel.Push).Verdict);
    }

    [Fact]
    public void A_mention_passes_the_level_and_an_urgent_message_the_quiet_hours()
    {
        var mention = Scene.Due with { Message = Scene.Due.Message with { Mentioned = true } };
        var urgent = Scene.Due with { Message = Scene.Due.Message with { Urgent = true } };

        Assert.Equal(Verdict.Send, Apply(Reason.BelowLevel, mention).Ask(Channel.Push).Verdict);
        Assert.Equal(Verdict.Send, Apply(Reason.QuietHours, urgent).Ask(Channel.Push).Verdict);
        Assert.Equal(Verdict.Send, Apply(Reason.QuietHours, urgent).Ask(Channel.Email).Verdict);
    }
}

using Notifier.Domain;

namespace Notifier.Worker.Operations.Pages;

/// <summary>What the trace's words mean, in a sentence for people.</summary>
internal static class Reasons
{
    private static readonly Dictionary<string, string> Sentences = new()
    {
        [Reason.SiteDisabled.Word()] = "The site is switched off.",
        [Reason.RecipientGone.Word()] = "Nobody of this id is registered, or the person was erased.",
        [Reason.AddressSuppressed.Word()] = "Mail to this address was refused for good, or complained about.",
        [Reason.Unsubscribed.Word()] = "The person wants nothing on this channel.",
        [Reason.ConversationMuted.Word()] = "The person muted this conversation.",
        [Reason.BelowLevel.Word()] = "The person wants mentions only, and this is none.",
        [Reason.OwnMessage.Word()] = "The person wrote it.",
        [Reason.Deleted.Word()] = "The message was deleted.",
        [Reason.AlreadySeen.Word()] = "The person has seen it.",
        [Reason.ActiveInConversation.Word()] = "The person has this very conversation before their eyes.",
        [Reason.OnlineElsewhere.Word()] = "The person is there, at another conversation or a hidden tab.",
        [Reason.QuietHours.Word()] = "The person's quiet hours.",
        [Reason.Throttled.Word()] = "Told often enough for now.",
        [Reason.Stale.Word()] = "Older than is worth telling.",
        [Reason.NoDevice.Word()] = "No device is registered.",
        [Reason.NoAddress.Word()] = "No address is known.",
        [Reason.Duplicate.Word()] = "Told on this channel before.",
        [Reason.Delay.Word()] = "The email delay is not over.",
        [Reason.Coalescing.Word()] = "More may follow at once, or an email about this conversation is under way.",
        [Reason.Unseen.Word()] = "Unseen, and nothing stands against it.",
        [Reason.Accepted.Word()] = "The other side took it.",
        [Reason.Transient.Word()] = "A passing fault on the way; it is tried again.",
        [Reason.SubscriptionGone.Word()] = "The device is gone; its registration was removed.",
        [Reason.SlowDown.Word()] = "The push service asked for less; held, not dropped.",
        [Reason.Unauthorized.Word()] = "Our VAPID key is refused there. Nothing is deleted.",
        [Reason.Rejected.Word()] = "Refused for what it is: see Dead letters.",
        [Reason.OutcomeUnknown.Word()] = "Nothing told whether the mail server kept it.",
        [Reason.Cancelled.Word()] = "An admin cancelled it.",
        [Reason.OtherKey.Word()] = "The device subscribed with another VAPID key; registering anew mends it.",
    };

    /// <returns>The word itself where there is no sentence.</returns>
    public static string Sentence(string reason) => Sentences.GetValueOrDefault(reason, reason);
}

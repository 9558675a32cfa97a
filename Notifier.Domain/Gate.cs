namespace Notifier.Domain;

/// <summary>One question to the gate: may this message go to this person on this channel now?</summary>
internal readonly record struct Look(Channel Channel, RecipientState Recipient, ConversationState Conversation, UnseenMessage Message, EscalationPolicy Policy, DateTimeOffset Now);

/// <summary>The rules that refuse a single message, in the promised order. The rules that only make it wait come between the two: <see cref="PushTiming"/>, <see cref="EmailTiming"/>.</summary>
internal static class Gate
{
    /// <summary>What no waiting can cure; the first that applies is the reason.</summary>
    public static Ruling? Refuses(in Look look) =>
        SiteDisabled(look) ?? (RefusesThisMessage(look) is { } refusal ? RecipientGone(look) ?? refusal : null);

    private static Ruling? RefusesThisMessage(in Look look) =>
        AddressSuppressed(look) ?? Unsubscribed(look) ?? ConversationMuted(look) ?? BelowLevel(look) ?? OwnMessage(look) ?? Deleted(look) ?? AlreadySeen(look);

    /// <summary>What is asked only when the message would go: a site may register a person, and a person an address or a device, after the message.</summary>
    public static Ruling? RefusesAtTheLast(in Look look) => RecipientGone(look) ?? Stale(look) ?? NoDevice(look) ?? NoAddress(look);

    private static Ruling? SiteDisabled(in Look look) => look.Recipient.SiteEnabled ? null : Ruling.Skip(Reason.SiteDisabled);

    private static Ruling? AddressSuppressed(in Look look) =>
        look.Channel == Channel.Email && look.Recipient.Profile is { HasAddress: true, AddressSuppressed: true } ? Ruling.Skip(Reason.AddressSuppressed) : null;

    private static Ruling? Unsubscribed(in Look look) => (look.Channel, look.Recipient.Profile) switch
    {
        (Channel.Email, { Unsubscribed: true } or { Preferences.Email: false }) => Ruling.Skip(Reason.Unsubscribed),
        (Channel.Push, { Preferences.Push: false }) => Ruling.Skip(Reason.Unsubscribed),
        _ => null,
    };

    private static Ruling? ConversationMuted(in Look look) =>
        look.Recipient.Profile?.In(look.Conversation.Conversation) is { } preference && (preference.Level == ConversationLevel.None || look.Now < preference.MutedUntil)
            ? Ruling.Skip(Reason.ConversationMuted) : null;

    private static Ruling? BelowLevel(in Look look) =>
        look.Recipient.Profile?.In(look.Conversation.Conversation) is { Level: ConversationLevel.Mentions } && !look.Message.NamesThePerson ? Ruling.Skip(Reason.BelowLevel) : null;

    private static Ruling? OwnMessage(in Look look) => look.Message.Own ? Ruling.Skip(Reason.OwnMessage) : null;

    private static Ruling? Deleted(in Look look) => look.Message.Deleted ? Ruling.Skip(Reason.Deleted) : null;

    private static Ruling? AlreadySeen(in Look look) => look.Message.Seq <= look.Conversation.SeenUpTo ? Ruling.Skip(Reason.AlreadySeen) : null;

    private static Ruling? RecipientGone(in Look look) => look.Recipient.Profile is null && !look.Recipient.HasPushSubscription ? Ruling.Skip(Reason.RecipientGone) : null;

    public static Ruling? Stale(in Look look) =>
        look.Now - look.Message.SentAt > look.Policy.StaleAfter || look.Now >= look.Message.ExpiresAt ? new Ruling(Verdict.Expire, Reason.Stale) : null;

    private static Ruling? NoDevice(in Look look) => look.Channel == Channel.Push && !look.Recipient.HasPushSubscription ? Ruling.Skip(Reason.NoDevice) : null;

    private static Ruling? NoAddress(in Look look) => look.Channel == Channel.Email && look.Recipient.Profile is not { HasAddress: true } ? Ruling.Skip(Reason.NoAddress) : null;
}

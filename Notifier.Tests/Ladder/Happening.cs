using Notifier.Domain;
using static Notifier.Domain.RelayEvent;

namespace Notifier.Tests.Ladder;

/// <summary>The relay's events in few words. Everything is about one person, <see cref="Person"/>.</summary>
internal static class Happening
{
    public const string Site = "acme";
    public const string Person = "u-2";

    public static MessageOutcome Message(
        string conversation, long seq, DateTimeOffset sentAt, Presence presence = Presence.Offline, DeliveryOutcome outcome = DeliveryOutcome.Delivered, string? at = null,
        MessageKind kind = MessageKind.Direct, bool mentioned = false, bool urgent = false, string sender = "u-1", DateTimeOffset? lastActive = null, DateTimeOffset? expiresAt = null) => new(
        Site, sentAt,
        new MessageContent($"{conversation}-{seq}", conversation, seq, kind, null, sender, null, "text", null, sentAt, null, urgent, expiresAt),
        [new RecipientOutcome(Person, outcome, presence, at, lastActive, mentioned)]);

    public static ConversationSeen Seen(string conversation, long seq, DateTimeOffset at) => new(Site, at, Person, conversation, seq);

    public static MessageDeleted Deleted(string conversation, long seq, DateTimeOffset at) => new(Site, at, conversation, $"{conversation}-{seq}", seq);

    public static MessageEdited Edited(string conversation, long seq, DateTimeOffset at) => new(Site, at, conversation, $"{conversation}-{seq}", seq, "new text", null);

    public static PresenceChanged Is(Presence presence, DateTimeOffset at, string? conversation = null, string node = "n1", DateTimeOffset? lastActive = null) =>
        new(Site, at, Person, presence, conversation, lastActive, node);

    public static RelayAlive Alive(TimeSpan lease, DateTimeOffset at, string node = "n1") => new(Site, at, node, lease);
}

using Notifier.Domain;

namespace Notifier.Relay.Outcomes;

/// <summary>What became of a message for one recipient, and where the person was then.</summary>
/// <param name="Place">The recipient's, in the message's list.</param>
/// <param name="Reason">Null where delivered.</param>
internal readonly record struct Outcome(
    Publication Publication, int Place, bool Delivered, string? Reason, Presence Presence, string? Conversation, DateTimeOffset? LastActive);

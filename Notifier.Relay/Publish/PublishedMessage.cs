namespace Notifier.Relay.Publish;

/// <summary>A message as a site publishes it, read and checked.</summary>
/// <param name="To">The recipients, each once.</param>
/// <param name="Body">What the notifier gets, as JSON.</param>
/// <param name="Tail">What follows the offset in the event's frame, as JSON.</param>
internal sealed record PublishedMessage(string Site, string Id, string[] To, string Conversation, long Seq, string SenderId, byte[] Body, byte[] Tail);

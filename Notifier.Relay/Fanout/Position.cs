namespace Notifier.Relay.Fanout;

/// <summary>Up to where a client has everything that is for it.</summary>
/// <param name="Epoch">The node whose offset it is.</param>
/// <param name="Offset">In that node's log.</param>
/// <param name="Accepted">… and the accept row's id up to which it has everything, which any node understands; null: it does not say.</param>
internal readonly record struct Position(string Epoch, long Offset, long? Accepted);

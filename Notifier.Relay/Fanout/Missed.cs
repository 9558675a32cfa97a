using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Fanout;

/// <summary>How a client that comes back stands.</summary>
internal enum Recovery
{
    /// <summary>It has nothing to go on from.</summary>
    None,

    /// <summary>What it missed is all there.</summary>
    Full,

    /// <summary>Something may be missing: it has to ask the site.</summary>
    Gap,
}

/// <summary>What a client that comes back is told first.</summary>
/// <param name="From">Where it stands: with <see cref="Recovery.Full"/> before what it has missed, else at the newest.</param>
/// <param name="Events">What it has missed, in order.</param>
/// <param name="Had">What it has, as its position shows, and this node may not know of.</param>
internal sealed record Missed(Recovery Recovery, Position From, List<(Publication Publication, int Place)> Events, List<(Publication Publication, int Place)> Had);

using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Publish;

/// <summary>The newest messages by (site, id): the same again is the same message. What is older, the unique key of the accept rows knows.</summary>
internal sealed class RecentPublications(IOptions<RelayOptions> options, Ticker ticker)
{
    private readonly ConcurrentDictionary<(string Site, string Id), Publication> _known = new();
    private readonly ConcurrentQueue<(string Site, string Id)> _order = new();
    private readonly int _most = 2 * options.Value.RetainEvents;

    /// <param name="age">How long ago it was published.</param>
    public Publication Get(PublishedMessage message, TimeSpan age)
    {
        var fresh = new Publication(message, ticker.Now - (long)age.TotalMilliseconds);
        var publication = _known.GetOrAdd((message.Site, message.Id), fresh);
        if (!ReferenceEquals(publication, fresh)) return publication;
        _order.Enqueue((message.Site, message.Id));
        while (_order.Count > _most && _order.TryDequeue(out var oldest)) _known.TryRemove(oldest, out _);
        return publication;
    }
}

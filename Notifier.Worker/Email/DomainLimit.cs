using System.Collections.Concurrent;

namespace Notifier.Worker.Email;

/// <summary>How many mails are under way to one receiving domain at a time: large ones refuse who comes with more, and that costs all who write to them.</summary>
internal sealed class DomainLimit(EmailOptions options)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _domains = new(StringComparer.OrdinalIgnoreCase);

    /// <returns>To be disposed when the mail is done with.</returns>
    public async Task<IDisposable> EnterAsync(string domain, CancellationToken cancellation)
    {
        if (options.ConnectionsPerDomain is not { } most) return new Place(null);
        // Kept for as long as we live: a handful of bytes for each domain ever written to.
        var places = _domains.GetOrAdd(domain, _ => new SemaphoreSlim(most));
        await places.WaitAsync(cancellation);
        return new Place(places);
    }

    private sealed class Place(SemaphoreSlim? places) : IDisposable
    {
        public void Dispose() => places?.Release();
    }
}

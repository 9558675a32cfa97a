using Microsoft.Extensions.Options;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Intake;

/// <summary>
/// Whether so much waits that the door closes for a while: at half of the limit for a site of whom half of the limit waits, so that it leaves room for the others; at the limit for everybody.
/// Looked up at most once a second, whatever the traffic.
/// </summary>
internal sealed class Backlog(InboxStore inbox, IOptions<IntakeOptions> options, TimeProvider clock)
{
    private long _lookedAt = long.MinValue;
    private volatile bool _full;
    private volatile IReadOnlySet<string> _sites = new HashSet<string>();

    /// <summary>For this site the door is closed: what waits is its own. As of the last look.</summary>
    public bool IsFullOf(string site) => _sites.Contains(site);

    public async ValueTask<bool> IsFullAsync(CancellationToken cancellation)
    {
        var now = clock.GetTimestamp();
        var last = Interlocked.Read(ref _lookedAt);
        if (last != long.MinValue && clock.GetElapsedTime(last, now) < TimeSpan.FromSeconds(1)) return _full;
        if (Interlocked.CompareExchange(ref _lookedAt, now, last) != last) return _full; // someone else looks
        try
        {
            var (depth, half) = ((await inbox.BacklogAsync(cancellation)).Depth, options.Value.MaxBacklog / 2);
            _full = depth > options.Value.MaxBacklog;
            _sites = depth > half ? await inbox.SitesOverAsync(half, cancellation) : new HashSet<string>();
        }
        catch (Npgsql.NpgsqlException)
        {
            _full = false; // the insert that follows says what is wrong with the database
        }
        return _full;
    }
}

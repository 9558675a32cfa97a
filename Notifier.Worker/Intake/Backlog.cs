using Microsoft.Extensions.Options;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Intake;

/// <summary>Whether so much waits that the door closes for a while. Looked up at most once a second, whatever the traffic.</summary>
internal sealed class Backlog(InboxStore inbox, IOptions<IntakeOptions> options, TimeProvider clock)
{
    private long _lookedAt = long.MinValue;
    private volatile bool _full;

    public async ValueTask<bool> IsFullAsync(CancellationToken cancellation)
    {
        var now = clock.GetTimestamp();
        var last = Interlocked.Read(ref _lookedAt);
        if (last != long.MinValue && clock.GetElapsedTime(last, now) < TimeSpan.FromSeconds(1)) return _full;
        if (Interlocked.CompareExchange(ref _lookedAt, now, last) != last) return _full; // someone else looks
        try
        {
            _full = (await inbox.BacklogAsync(cancellation)).Depth > options.Value.MaxBacklog;
        }
        catch (Npgsql.NpgsqlException)
        {
            _full = false; // the insert that follows says what is wrong with the database
        }
        return _full;
    }
}

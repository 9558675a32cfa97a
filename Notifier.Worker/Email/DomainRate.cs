namespace Notifier.Worker.Email;

/// <summary>
/// How many mails a receiving domain gets in a minute: large ones refuse who comes faster. What would have to wait long is given back, so that neither a connection
/// nor the mails to other domains wait with it.
/// </summary>
internal sealed class DomainRate(EmailOptions options, TimeProvider time)
{
    /// <summary>So long a mail waits here; what is held back for longer comes again by its own alarm.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    // Kept for as long as we live: a handful of bytes for each domain ever written to.
    private readonly Dictionary<string, Pace> _paces = new(StringComparer.OrdinalIgnoreCase);

    /// <returns>Null: the mail may go now. Else it is to come again after this time, which is longer for each that is held back before its domain has caught up.</returns>
    public async Task<TimeSpan?> EnterAsync(string domain, CancellationToken cancellation)
    {
        if (options.RatePerDomain is not { } mails) return null;
        var (wait, held) = Ask(domain, TimeSpan.FromMinutes(1) / mails);
        if (held) return wait;
        if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellation);
        return null;
    }

    private (TimeSpan Wait, bool Held) Ask(string domain, TimeSpan apart)
    {
        lock (_lock)
        {
            if (!_paces.TryGetValue(domain, out var pace)) _paces[domain] = pace = new Pace(time.GetTimestamp());
            var now = time.GetElapsedTime(pace.Begun);
            pace.Next = Later(pace.Next, now);
            if (pace.Next - now <= Patience)
            {
                var wait = pace.Next - now;
                pace.Next += apart;
                return (wait, false);
            }
            pace.Held = Later(pace.Held, pace.Next) + apart;
            return (pace.Held - apart - now, true);
        }
    }

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a > b ? a : b;

    /// <summary>Times since <paramref name="begun"/>: when the next mail may go, and when the next that is held back is to come again.</summary>
    private sealed class Pace(long begun)
    {
        public long Begun => begun;

        public TimeSpan Next { get; set; }

        public TimeSpan Held { get; set; }
    }
}

namespace Notifier.Worker.Email;

/// <summary>
/// How many mails a receiving domain gets in a minute: large ones refuse who comes faster. Nobody waits here: what is over the rate is given back, so that neither a connection nor the mails
/// to other domains wait with it, and it comes again by an alarm of its own.
/// </summary>
internal sealed class DomainRate(EmailOptions options, TimeProvider time)
{
    /// <summary>
    /// Alarms ring by the second. Where more than one mail goes within two, those of two seconds may go together, or most that an alarm brings would be given back again;
    /// and that much less is let through in the minute.
    /// </summary>
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(2), AMinute = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    // Kept for as long as we live: a handful of bytes for each domain ever written to.
    private readonly Dictionary<string, Pace> _paces = new(StringComparer.OrdinalIgnoreCase);

    /// <returns>Null: the mail may go now. Else it is to come again after this time, which is longer for each that is held back before its domain has caught up.</returns>
    public TimeSpan? Enter(string domain)
    {
        if (options.RatePerDomain is not { } mails) return null;
        var together = AMinute / mails < Together ? Together : TimeSpan.Zero;
        var apart = (AMinute + together) / mails;
        lock (_lock)
        {
            if (!_paces.TryGetValue(domain, out var pace)) _paces[domain] = pace = new Pace(time.GetTimestamp());
            var now = time.GetElapsedTime(pace.Begun);
            pace.Next = Later(pace.Next, now);
            if (pace.Next - now <= together)
            {
                pace.Next += apart;
                return null;
            }
            pace.Held = Later(pace.Held, pace.Next) + apart;
            return pace.Held - apart - now;
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

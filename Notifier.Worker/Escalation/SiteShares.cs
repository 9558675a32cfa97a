namespace Notifier.Worker.Escalation;

/// <summary>What each site was given of this worker's turns of late: half of it is forgotten every few seconds. So it is known who has a storm, whatever a site's ordinary load.</summary>
internal sealed class SiteShares(TimeProvider clock)
{
    /// <summary>What is due by the clock counts as one more site: its name is one that no site can have.</summary>
    public const string Rungs = "\0";

    private static readonly TimeSpan HalfLife = TimeSpan.FromSeconds(5), Step = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, double> _given = [];
    private long _faded = clock.GetTimestamp();

    public void Took(string site, int count)
    {
        lock (_lock)
        {
            Fade();
            _given[site] = _given.GetValueOrDefault(site) + count;
        }
    }

    /// <summary>Those that were given half as much again as an equal part among all that wait, or were given something. While there is only one site nobody is.</summary>
    public IReadOnlySet<string> WithMore(IEnumerable<string> waiting)
    {
        lock (_lock)
        {
            Fade();
            var all = _given.Keys.Union(waiting).ToHashSet();
            if (all.Count(s => s != Rungs) < 2) return new HashSet<string>();
            var equal = _given.Values.Sum() / all.Count;
            return _given.Where(g => g.Value > 1.5 * equal).Select(g => g.Key).ToHashSet();
        }
    }

    private void Fade()
    {
        var since = clock.GetElapsedTime(_faded);
        if (since < Step) return;
        _faded = clock.GetTimestamp();
        var kept = Math.Pow(0.5, since / HalfLife);
        foreach (var (site, given) in _given.ToArray())
            if (given * kept < 0.1) _given.Remove(site);
            else _given[site] = given * kept;
    }
}

namespace Notifier.Worker.Escalation;

/// <summary>A shard's part in a turn that a lane may take.</summary>
/// <param name="Sites">Whose events.</param>
/// <param name="Rungs">And the push rungs that are due.</param>
/// <param name="IsShort">Others wait: of these sites, which had more than their part already, a little at a time.</param>
internal sealed record Stint(short Shard, IReadOnlyList<string> Sites, bool Rungs, bool IsShort);

/// <summary>
/// In which order the lanes of this worker go round what waits: first the sites that were given no more than their part, of each shard all together; then the others, in short turns.
/// Of those alike, the shard that has waited longest for its turn.
/// </summary>
internal sealed class TurnPlan(SiteShares shares)
{
    private readonly Lock _lock = new();
    private readonly HashSet<short> _underWay = [];
    private readonly Dictionary<(short Shard, bool IsShort), long> _last = [];
    private long _turns;

    /// <param name="waiting">Where something waits, by shard and site; without a site: push rungs.</param>
    public IReadOnlyList<Stint> Of(IReadOnlyCollection<(short Shard, string? Site)> waiting)
    {
        var more = shares.WithMore(waiting.Select(w => w.Site ?? SiteShares.Rungs));
        lock (_lock)
            return [.. waiting
                .GroupBy(w => (w.Shard, IsShort: more.Contains(w.Site ?? SiteShares.Rungs)), w => w.Site)
                .OrderBy(g => g.Key.IsShort).ThenBy(g => _last.GetValueOrDefault(g.Key)).ThenBy(g => g.Key.Shard)
                .Select(g => new Stint(g.Key.Shard, [.. g.OfType<string>()], g.Contains(null), g.Key.IsShort))];
    }

    /// <summary>
    /// The first that no other lane has begun since they were planned, for one turn together: what a turn costs, however little it has to decide, is then shared.
    /// </summary>
    /// <param name="planned">The plan; those that are looked at leave it.</param>
    /// <param name="plannedAt">The turns there had been then.</param>
    /// <param name="most">How many at most. What one turn holds no other lane or worker can be at.</param>
    public IReadOnlyList<Stint> Begin(Queue<Stint> planned, long plannedAt, int most)
    {
        var begun = new List<Stint>();
        lock (_lock)
        {
            while (begun.Count < most && planned.TryPeek(out var next) && (begun.Count == 0 || next.IsShort == begun[0].IsShort))
            {
                planned.Dequeue();
                if (_last.GetValueOrDefault((next.Shard, next.IsShort)) > plannedAt || !_underWay.Add(next.Shard)) continue;
                _last[(next.Shard, next.IsShort)] = ++_turns;
                begun.Add(next);
            }
        }
        return begun;
    }

    public void End(IEnumerable<Stint> stints)
    {
        lock (_lock)
            foreach (var stint in stints) _underWay.Remove(stint.Shard);
    }

    /// <summary>How many turns there were.</summary>
    public long Turns
    {
        get
        {
            lock (_lock) return _turns;
        }
    }
}

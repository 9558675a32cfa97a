namespace Notifier.Worker.Escalation;

/// <summary>A turn that a lane may take.</summary>
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

    /// <summary>The first that no other lane has begun since it was planned.</summary>
    public Stint? Begin(Queue<Stint> planned, long plannedAt)
    {
        lock (_lock)
        {
            while (planned.TryDequeue(out var next))
            {
                if (_underWay.Contains(next.Shard) || _last.GetValueOrDefault((next.Shard, next.IsShort)) > plannedAt) continue;
                _underWay.Add(next.Shard);
                _last[(next.Shard, next.IsShort)] = ++_turns;
                return next;
            }
            return null;
        }
    }

    public void End(Stint stint)
    {
        lock (_lock) _underWay.Remove(stint.Shard);
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

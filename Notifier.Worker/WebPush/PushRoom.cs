using Notifier.Worker.Storage;

namespace Notifier.Worker.WebPush;

/// <summary>
/// How many requests are under way, in all and to each push service of a site. One that does not answer holds its requests until they time out: it may have
/// half of all the room, and the others go on in the other half.
/// </summary>
internal sealed class PushRoom(int all)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PushLane, int> _underWay = [];
    private int _count;

    public int OfEach { get; } = Math.Max(1, all / 2);

    public int Free
    {
        get { lock (_lock) return all - _count; }
    }

    public bool IsEmpty
    {
        get { lock (_lock) return _count == 0; }
    }

    public (PushLane Lane, int Count)[] UnderWay()
    {
        lock (_lock) return [.. _underWay.Select(u => (u.Key, u.Value))];
    }

    public void Enter(PushLane lane)
    {
        lock (_lock)
        {
            _count++;
            _underWay[lane] = _underWay.GetValueOrDefault(lane) + 1;
        }
    }

    /// <returns>Whether somebody may wait for this: the room, or the lane's part of it, was full.</returns>
    public bool Leave(PushLane lane)
    {
        lock (_lock)
        {
            var before = _underWay[lane];
            if (before == 1) _underWay.Remove(lane);
            else _underWay[lane] = before - 1;
            return _count-- == all || before == OfEach;
        }
    }
}

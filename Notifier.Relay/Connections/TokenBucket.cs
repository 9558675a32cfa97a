namespace Notifier.Relay.Connections;

/// <summary>Lets so many pass a second, after so many at once.</summary>
internal struct TokenBucket(int perSecond, int burst, long now)
{
    private double _tokens = burst;
    private long _at = now;

    public bool Take(long now)
    {
        _tokens = Math.Min(burst, _tokens + (now - _at) * perSecond / 1000.0);
        _at = now;
        if (_tokens < 1) return false;
        _tokens--;
        return true;
    }
}

namespace Notifier.Tests.Fixtures;

/// <summary>What happens to the bytes that a <see cref="TcpProxy"/> carries one way. Holds for open connections and for those to come.</summary>
public sealed class ProxyWay
{
    private long _delay;
    private long _cutAfter = long.MaxValue;

    /// <summary>How much later each piece arrives. A piece waits for the one before it, as on a slow link.</summary>
    public TimeSpan Delay
    {
        get => new(Interlocked.Read(ref _delay));
        set => Interlocked.Exchange(ref _delay, value.Ticks);
    }

    /// <summary>A connection that has carried so many bytes this way is closed; those bytes still arrive. Null for never.</summary>
    public long? CutAfter
    {
        get => Interlocked.Read(ref _cutAfter) is var bytes && bytes < long.MaxValue ? bytes : null;
        set => Interlocked.Exchange(ref _cutAfter, value ?? long.MaxValue);
    }
}

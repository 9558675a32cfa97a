namespace Notifier.Tests.Email;

/// <summary>A clock that stands until it is set.</summary>
internal sealed class HandClock : TimeProvider
{
    public TimeSpan Now { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Now.Ticks;
}

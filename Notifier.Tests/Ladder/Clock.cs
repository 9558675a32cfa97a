namespace Notifier.Tests.Ladder;

/// <summary>The tests' own clock: a Tuesday morning, far from any change of the clocks, and moments counted from it.</summary>
internal static class Clock
{
    public static DateTimeOffset Start { get; } = new(2026, 11, 24, 9, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset Second(double seconds) => Start.AddSeconds(seconds);
    public static DateTimeOffset Minute(double minutes) => Start.AddMinutes(minutes);
    public static DateTimeOffset Hour(double hours) => Start.AddHours(hours);
}

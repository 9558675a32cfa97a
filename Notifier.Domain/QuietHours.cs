namespace Notifier.Domain;

/// <summary>A span of local time in which a person is not disturbed. It may cross midnight; it then belongs to the day it starts on.</summary>
/// <param name="Days">ISO weekdays, Monday is 1 and Sunday 7; empty means every day.</param>
/// <param name="From">Local start, included.</param>
/// <param name="To">Local end, excluded; the same as <paramref name="From"/> means the whole day.</param>
public sealed record QuietHours(IReadOnlyList<int> Days, TimeOnly From, TimeOnly To)
{
    /// <summary>When the quiet hours that hold at <paramref name="now"/> end, or null if none hold. Windows that touch are followed to the last one's end.</summary>
    public static DateTimeOffset? End(IReadOnlyList<QuietHours> windows, TimeZoneInfo zone, DateTimeOffset now)
    {
        DateTimeOffset? end = null;
        for (var hops = 0; hops <= 7 * windows.Count; hops++)
        {
            var at = end ?? now;
            var next = windows.Select(w => w.EndIfHeld(zone, at)).Max();
            if (next is null || next <= at) return end;
            end = next;
        }
        return end;
    }

    private DateTimeOffset? EndIfHeld(TimeZoneInfo zone, DateTimeOffset now)
    {
        var local = TimeZoneInfo.ConvertTime(now, zone).DateTime;
        var today = DateOnly.FromDateTime(local);
        DateTimeOffset? end = null;
        // A window that crosses midnight may have started yesterday.
        foreach (var day in (ReadOnlySpan<DateOnly>)[today.AddDays(-1), today])
        {
            if (Days.Count > 0 && !Days.Contains(IsoWeekday(day))) continue;
            var start = day.ToDateTime(From);
            var stop = To > From ? day.ToDateTime(To) : day.AddDays(1).ToDateTime(To);
            if (local >= start && local < stop && Instant(stop, zone) is var instant && (end is null || instant > end)) end = instant;
        }
        return end;
    }

    /// <summary>The instant of a local time: one that the clocks jump over is moved past the gap, one that comes twice is the later.</summary>
    private static DateTimeOffset Instant(DateTime local, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Min() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset);
    }

    private static int IsoWeekday(DateOnly day) => day.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)day.DayOfWeek;
}

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
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        DateTimeOffset? end = null;
        // A window that crosses midnight may have started yesterday.
        foreach (var day in (ReadOnlySpan<DateOnly>)[today.AddDays(-1), today])
        {
            if (Days.Count > 0 && !Days.Contains(IsoWeekday(day))) continue;
            // Compared as instants, so that an hour that comes twice lies within the window or outside it, and never by turns.
            var start = Instant(day.ToDateTime(From), zone, offsets => offsets.Max());
            var stop = Instant((To > From ? day : day.AddDays(1)).ToDateTime(To), zone, offsets => offsets.Min());
            if (now >= start && now < stop && (end is null || stop > end)) end = stop;
        }
        return end;
    }

    /// <summary>The instant of a local time, in UTC; one that the clocks jump over is moved past the gap, of one that comes twice <paramref name="which"/> chooses.</summary>
    private static DateTimeOffset Instant(DateTime local, TimeZoneInfo zone, Func<TimeSpan[], TimeSpan> which)
    {
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(local) ? which(zone.GetAmbiguousTimeOffsets(local)) : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }

    private static int IsoWeekday(DateOnly day) => day.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)day.DayOfWeek;
}

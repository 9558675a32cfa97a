using Notifier.Worker.Operations;
using Npgsql;

namespace Notifier.Worker.Email;

/// <summary>Sets Hangfire's alarm for the moments at which emails are due: one job per slot, however many emails, made in the transaction that makes them due.</summary>
internal sealed class EmailAlarms(TimeProvider clock)
{
    /// <param name="connection">Open, in an ambient transaction.</param>
    /// <param name="due">When emails are due, by the database's clock.</param>
    /// <param name="now">That clock.</param>
    public async Task SetAsync(NpgsqlConnection connection, IReadOnlyCollection<DateTimeOffset> due, DateTimeOffset now, CancellationToken cancellation)
    {
        if (due.Count == 0) return;
        foreach (var slot in await NewSlotsAsync(connection, [.. due.Select(d => AlarmSlot.For(d, now)).Distinct().Order()], cancellation))
        {
            var seconds = slot.ToUnixTimeSeconds();
            // Hangfire goes by the worker's clock: tell it how long, not until when.
            AlarmClock.Schedule<EmailDueJob>(connection, job => job.RunAsync(seconds, CancellationToken.None), clock.GetUtcNow() + (slot - now));
        }
    }

    private static async Task<List<DateTimeOffset>> NewSlotsAsync(NpgsqlConnection connection, DateTimeOffset[] slots, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("INSERT INTO notifier.email_alarm (at) SELECT unnest($1) ON CONFLICT DO NOTHING RETURNING at", connection)
        {
            Parameters = { new() { Value = slots } },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var made = new List<DateTimeOffset>();
        while (await reader.ReadAsync(cancellation)) made.Add(reader.GetFieldValue<DateTimeOffset>(0));
        return made;
    }
}

/// <summary>Due times are rounded up to slots, so that Hangfire has a few hundred alarms at any load: by the second when near, by the minute when far.</summary>
internal static class AlarmSlot
{
    public static DateTimeOffset For(DateTimeOffset due, DateTimeOffset now)
    {
        if (due < now) due = now;
        var width = (due - now).TotalMinutes switch { <= 1 => TimeSpan.FromSeconds(1), <= 60 => TimeSpan.FromSeconds(10), _ => TimeSpan.FromMinutes(1) };
        var ticks = (due.UtcTicks + width.Ticks - 1) / width.Ticks * width.Ticks;
        return new DateTimeOffset(ticks, TimeSpan.Zero);
    }
}

using System.Collections.Concurrent;

namespace Notifier.Worker.Email.Templates;

/// <summary>When a message was sent, as its reader says it.</summary>
internal static class MessageTime
{
    // Looked up at every message; and an id that is none costs an exception each time.
    private static readonly ConcurrentDictionary<string, TimeZoneInfo?> Zones = new();

    /// <param name="zone">IANA; where it is null or unknown, UTC, and said so.</param>
    public static string Write(DateTimeOffset sentAt, string? zone, Wording words)
    {
        var known = zone is null || zone.Length > 64 ? null : Find(zone);
        var local = known is null ? sentAt.UtcDateTime : TimeZoneInfo.ConvertTime(sentAt, known).DateTime;
        // ICU separates "1:05" and "PM" by U+202F, which many fonts of mail clients do not have.
        var text = words.Say("moment", ("day", local.ToString("M", words.Culture)), ("time", local.ToString("t", words.Culture))).ToLine().Replace('\u202F', '\u00A0');
        return known is null ? $"{text} UTC" : text;
    }

    private static TimeZoneInfo? Find(string id)
    {
        if (Zones.TryGetValue(id, out var zone)) return zone;
        _ = TimeZoneInfo.TryFindSystemTimeZoneById(id, out zone);
        if (Zones.Count < 1000) Zones[id] = zone; // ids come from sites
        return zone;
    }
}

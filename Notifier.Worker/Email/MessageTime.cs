using System.Globalization;

namespace Notifier.Worker.Email;

internal static class MessageTime
{
    /// <summary>In UTC, and said so: where the reader is today nobody here knows.</summary>
    public static string Write(DateTimeOffset sentAt) => sentAt.UtcDateTime.ToString("d MMM, HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

using Notifier.Domain;

namespace Notifier.Worker.Recipients;

/// <summary>What a site says of a person with <c>PUT</c>. Everything may be missing: a person without an address is told by push only.</summary>
/// <param name="Locale">A BCP 47 language tag.</param>
/// <param name="TimeZone">An IANA zone, in which quiet hours are meant; null means UTC.</param>
internal sealed record RecipientDetails(string? Email, string? Name, string? Locale, string? TimeZone, NotificationPreferences Preferences);

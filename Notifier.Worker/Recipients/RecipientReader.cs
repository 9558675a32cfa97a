using System.Text.RegularExpressions;
using Notifier.Domain;

namespace Notifier.Worker.Recipients;

/// <summary>Reads the body of <c>PUT …/recipients/{id}</c>. Unknown members are ignored; a bad one is named by its path.</summary>
internal static partial class RecipientReader
{
    public static RecipientDetails Read(JsonMembers members, TimeSpan shortestDelay)
    {
        var details = new RecipientDetails(
            Checked(members, "email", 254, EmailAddress.Fault), Checked(members, "name", 200, NameFault), Checked(members, "locale", 35, LocaleFault),
            Checked(members, "timeZone", 100, TimeZoneFault),
            members.Has("preferences") ? NotificationPreferencesReader.Read(members.Object("preferences"), shortestDelay) : NotificationPreferences.Default);
        if (details.Preferences.Conversations.Keys.Any(id => id.Length is 0 or > 200 || id.Any(char.IsControl)))
            members.Object("preferences").Fault("conversations", "must name each conversation by its id: 1 to 200 characters, no control characters");
        return details;
    }

    /// <summary>An empty string says the same as a missing member: forms send it for what was left empty.</summary>
    private static string? Checked(JsonMembers members, string name, int longest, Func<string, string?> fault)
    {
        if (members.OptionalString(name, longest) is not { Length: > 0 } text) return null;
        if (fault(text) is { } problem) members.Fault(name, problem);
        return text;
    }

    private static string? NameFault(string name) => name.Any(char.IsControl) ? "must not contain control characters" : null;

    private static string? LocaleFault(string locale) => LanguageTag().IsMatch(locale) ? null : "must be a language tag such as en or pt-BR (BCP 47)";

    private static string? TimeZoneFault(string zone) =>
        TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var known) && known.HasIanaId ? null : "must be a time zone that is known here by its IANA name, such as Europe/Paris";

    /// <summary>The shape of RFC 5646 section 2.1; whether the subtags are registered matters to nobody here.</summary>
    [GeneratedRegex(@"\A([A-Za-z]{2,8}|[xi])(-[A-Za-z0-9]{1,8})*\z")]
    private static partial Regex LanguageTag();
}

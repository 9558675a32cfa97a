using System.Globalization;
using Microsoft.Extensions.Primitives;
using Notifier.Domain;

namespace Notifier.Worker.Unsubscribe;

/// <summary>What somebody chose on the page. What the form does not show stays as the site has it.</summary>
/// <param name="Level">Of the conversation the email was about; null: it was about several.</param>
/// <param name="Delay">Null: the site's.</param>
/// <param name="Quiet">Null: as it is, since it is more than the form can show. Empty: none.</param>
internal sealed record PreferenceForm(ConversationLevel? Level, TimeSpan? Delay, IReadOnlyList<QuietHours>? Quiet)
{
    public const string LevelField = "level", DelayField = "delay", QuietField = "quiet", DaysField = "days", FromField = "from", ToField = "to", TokenField = "form";

    private static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1), Longest = TimeSpan.FromHours(24);

    /// <returns>Null where a field is not what the form offers: it asks once more.</returns>
    public static PreferenceForm? Read(IFormCollection form)
    {
        ConversationLevel? level = null;
        if (form.TryGetValue(LevelField, out var chosen))
        {
            if (!Enum.TryParse<ConversationLevel>(chosen, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed) || int.TryParse(chosen, out _)) return null;
            level = parsed;
        }
        TimeSpan? delay = null;
        if (form[DelayField] is [{ Length: > 0 } text])
        {
            if (!TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, out var parsed) || parsed < Shortest || parsed > Longest) return null;
            delay = parsed;
        }
        if (!form.ContainsKey(FromField)) return new PreferenceForm(level, delay, null);
        if (!form.ContainsKey(QuietField)) return new PreferenceForm(level, delay, []);
        return Time(form[FromField]) is { } from && Time(form[ToField]) is { } to && Days(form[DaysField]) is { Count: > 0 } days
            ? new PreferenceForm(level, delay, [new QuietHours(days.Count == 7 ? [] : days, from, to)]) : null;
    }

    public NotificationPreferences Apply(NotificationPreferences preferences, string? conversation) => preferences with
    {
        EmailDelay = Delay,
        QuietHours = Quiet ?? preferences.QuietHours,
        Conversations = conversation is null || Level is not { } level ? preferences.Conversations
            : new Dictionary<string, ConversationPreference>(preferences.Conversations)
            {
                [conversation] = (preferences.Conversations.GetValueOrDefault(conversation) ?? new ConversationPreference()) with { Level = level },
            },
    };

    private static TimeOnly? Time(StringValues text) =>
        TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static List<int>? Days(StringValues days)
    {
        var read = days.Select(day => day is [>= '1' and <= '7' and var digit] ? digit - '0' : 0).Distinct().Order().ToList();
        return read.Contains(0) ? null : read;
    }
}

using System.Globalization;
using Notifier.Domain;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Templates;

namespace Notifier.Worker.Unsubscribe;

/// <summary>The form with the choices between all and nothing, as they stand now.</summary>
internal static class PreferenceFields
{
    private static readonly TimeSpan[] Delays = [TimeSpan.FromHours(1), TimeSpan.FromHours(6), TimeSpan.FromHours(24)];

    // What the form proposes to whoever has no quiet hours yet.
    private static readonly QuietHours Night = new([], new TimeOnly(22, 0), new TimeOnly(7, 0));

    /// <param name="words">The reader's.</param>
    /// <param name="link">The page's address, which the form is sent below.</param>
    /// <param name="formToken">From <see cref="FormToken"/>.</param>
    /// <param name="conversation">The one the email was about, or null.</param>
    /// <param name="preferences">What holds now.</param>
    /// <param name="zone">The person's, or null.</param>
    /// <param name="wantsQuiet">They just asked for quiet hours, which do not hold yet.</param>
    public static Html Write(Wording words, string link, string formToken, string? conversation, NotificationPreferences preferences, string? zone, bool wantsQuiet) => Html.Of($"""
        <h2 id="settings">{words.Say("page.choices")}</h2>
        <form method="post" action="{link}/settings">
        <input type="hidden" name="{PreferenceForm.TokenField}" value="{formToken}">
        {(conversation is null ? Html.Empty : Level(words, (preferences.Conversations.GetValueOrDefault(conversation) ?? new()).Level))}
        <fieldset><label class="name" for="delay">{words.Say("page.delay")}</label>{Delay(words, preferences.EmailDelay)}</fieldset>
        {(preferences.QuietHours.Count > 1 ? Html.Empty : Quiet(words, preferences.QuietHours is [var one] ? one : null, zone, wantsQuiet))}
        <button class="main">{words.Say("page.save")}</button>
        </form>
        """);

    private static Html Level(Wording words, ConversationLevel now) => Html.Of($"""
        <fieldset><legend>{words.Say("page.level")}</legend>
        {Html.Each(Enum.GetValues<ConversationLevel>(), level => Html.Of($"""
            <label><input type="radio" name="{PreferenceForm.LevelField}" value="{Name(level)}"{Mark(level == now, "checked")}>{words.Say($"page.level.{Name(level)}")}</label>

            """))}</fieldset>
        """);

    private static Html Delay(Wording words, TimeSpan? now) => Html.Of($"""
        <select id="delay" name="{PreferenceForm.DelayField}">
        <option value=""{Mark(now is null, "selected")}>{words.Say("page.delayUsual")}</option>
        {Html.Each(Delays.Append(now ?? Delays[0]).Distinct().Order(), delay => Html.Of($"""
            <option value="{delay.ToString("c", CultureInfo.InvariantCulture)}"{Mark(delay == now, "selected")}>{After(words, delay)}</option>

            """))}</select>
        """);

    // In an option there is no room for markup, and nothing of others to be marked.
    private static string After(Wording words, TimeSpan delay) => delay.TotalHours >= 1 && delay.Minutes == 0
        ? words.Say("page.delayHours", ("count", (int)delay.TotalHours)).ToString()
        : words.Say("page.delayMinutes", ("count", (int)delay.TotalMinutes)).ToString();

    private static Html Quiet(Wording words, QuietHours? now, string? zone, bool wanted)
    {
        var shown = now ?? Night;
        return Html.Of($"""
            <fieldset><legend>{words.Say("page.quiet")}</legend>
            <label><input type="checkbox" name="{PreferenceForm.QuietField}" value="1"{Mark(now is not null || wanted, "checked")}>{words.Say("page.quietOn")}</label>
            <div class="pair">
            <label>{words.Say("page.from")}<input type="time" name="{PreferenceForm.FromField}" value="{Clock(shown.From)}"></label>
            <label>{words.Say("page.to")}<input type="time" name="{PreferenceForm.ToField}" value="{Clock(shown.To)}"></label>
            </div>
            <div class="days">
            {Html.Each(Enumerable.Range(1, 7), day => Day(words, day, shown.Days.Count == 0 || shown.Days.Contains(day)))}</div>
            <p class="note">{words.Say("page.zone", ("zone", zone ?? "UTC"))}</p>
            </fieldset>
            """);
    }

    private static Html Day(Wording words, int day, bool on) => Html.Of($"""
        <label><input type="checkbox" name="{PreferenceForm.DaysField}" value="{day}"{Mark(on, "checked")}>{words.Culture.DateTimeFormat.AbbreviatedDayNames[day % 7]}</label>

        """);

    private static Html Mark(bool on, string attribute) => on ? Html.Of($" {attribute}") : Html.Empty;

    private static string Clock(TimeOnly time) => time.ToString("HH:mm", CultureInfo.InvariantCulture);

    private static string Name(ConversationLevel level) => level.ToString().ToLowerInvariant();
}

using CsCheck;
using Notifier.Domain;
using Notifier.Worker.Recipients;
using Xunit;

namespace Notifier.Tests.Recipients;

public sealed class PreferencesJsonTests
{
    private static readonly Gen<TimeOnly> Minute = Gen.Int[0, (24 * 60) - 1].Select(m => TimeOnly.MinValue.AddMinutes(m));

    private static readonly Gen<QuietHours> Hours = Gen.Select(Gen.Int[1, 7].Array[0, 7], Minute, Minute, (days, from, to) => new QuietHours(days, from, to));

    private static readonly Gen<ConversationPreference> Conversation = Gen.Select(
        Gen.Enum<ConversationLevel>(), Gen.DateTime[new DateTime(1971, 1, 1, 0, 0, 0, DateTimeKind.Utc), new DateTime(2100, 1, 1, 0, 0, 0, DateTimeKind.Utc)].Nullable(),
        (level, until) => new ConversationPreference(level, until is { } u ? new DateTimeOffset(DateTime.SpecifyKind(u, DateTimeKind.Utc)) : null));

    private static readonly Gen<NotificationPreferences> Preferences = Gen.Select(
        Gen.Bool, Gen.Bool, Gen.Int[1, 24 * 3600].Nullable(), Hours.Array[0, 3], Gen.Dictionary(Gen.String.AlphaNumeric.Where(s => s.Length > 0), Conversation)[0, 4],
        (email, push, delay, hours, conversations) => new NotificationPreferences
        {
            Email = email,
            Push = push,
            EmailDelay = delay is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            QuietHours = hours,
            Conversations = conversations,
        });

    [Fact]
    public void What_is_written_is_read_back_as_it_was() => Preferences.Sample(written =>
    {
        var read = NotificationPreferencesReader.ReadStored(PreferencesJson.Write(written));

        Assert.Equal((written.Email, written.Push, written.EmailDelay), (read.Email, read.Push, read.EmailDelay));
        Assert.Equal(written.QuietHours.Select(h => (string.Join(',', h.Days), h.From, h.To)), read.QuietHours.Select(h => (string.Join(',', h.Days), h.From, h.To)));
        var said = written.Conversations.Where(c => c.Value != new ConversationPreference()).OrderBy(c => c.Key, StringComparer.Ordinal);
        Assert.Equal(said, read.Conversations.OrderBy(c => c.Key, StringComparer.Ordinal));
    }, iter: 500);

    [Fact]
    public void Not_to_be_disturbed_is_kept_as_a_moment()
    {
        var until = new DateTimeOffset(2026, 11, 25, 8, 0, 0, TimeSpan.FromHours(1));

        var json = PreferencesJson.Write(NotificationPreferences.Default with { DoNotDisturbUntil = until });

        Assert.Equal(until, NotificationPreferencesReader.ReadStored(json).DoNotDisturbUntil);
    }

    [Fact]
    public void What_is_as_by_default_is_written_as_nothing() => Assert.Equal("{}", PreferencesJson.Write(NotificationPreferences.Default));
}

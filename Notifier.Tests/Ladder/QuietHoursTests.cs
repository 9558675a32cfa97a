using Notifier.Domain;
using static Notifier.Tests.Ladder.Happening;

namespace Notifier.Tests.Ladder;

public sealed class QuietHoursTests
{
    private static readonly TimeZoneInfo Paris = TimeZoneInfo.FindSystemTimeZoneById("Europe/Paris");
    private static readonly QuietHours Night = new([], new TimeOnly(22, 0), new TimeOnly(7, 0));

    private static DateTimeOffset? End(string now, params QuietHours[] windows) => QuietHours.End(windows, Paris, At(now));

    private static DateTimeOffset At(string time) => DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture);

    [Theory]
    [InlineData("2026-10-24T23:30:00+02:00", "2026-10-25T07:00:00+01:00")]   // 03:00 becomes 02:00: a night of ten hours
    [InlineData("2026-10-25T02:30:00+02:00", "2026-10-25T07:00:00+01:00")]
    [InlineData("2026-10-25T02:30:00+01:00", "2026-10-25T07:00:00+01:00")]
    [InlineData("2026-03-28T23:30:00+01:00", "2026-03-29T07:00:00+02:00")]   // 02:00 becomes 03:00: a night of eight
    [InlineData("2026-03-29T03:30:00+02:00", "2026-03-29T07:00:00+02:00")]
    [InlineData("2026-11-24T22:00:00+01:00", "2026-11-25T07:00:00+01:00")]   // the start is within
    public void A_night_ends_at_seven_local_time_also_when_the_clocks_change(string now, string end)
    {
        Assert.Equal(At(end), End(now, Night));
        Assert.Equal(TimeSpan.Zero, End(now, Night)!.Value.Offset);   // a timestamptz takes no other
    }

    [Theory]
    [InlineData("2026-11-24T21:59:59.999+01:00")]
    [InlineData("2026-11-25T07:00:00+01:00")]   // the end is without
    [InlineData("2026-11-24T12:00:00+01:00")]
    public void By_day_nothing_is_held(string now) => Assert.Null(End(now, Night));

    [Theory]
    [InlineData("2026-10-24T22:00:00+02:00")]
    [InlineData("2026-03-28T22:00:00+01:00")]
    public void A19_One_email_at_seven_local_time_over_the_night_the_clocks_change(string sent)
    {
        var person = People.Usual.Quiet(Night.From, Night.To, Paris);
        var world = new Simulation(person, start: At(sent));
        for (var i = 1; i <= 5; i++) world.Then(Message("A", i, At(sent).AddHours(i)));
        world.ToTheEnd();

        foreach (var channel in Enum.GetValues<Channel>())
        {
            var told = Assert.Single(world.Told, t => t.Channel == channel);
            Assert.Equal(At($"{At(sent).AddDays(1):yyyy-MM-dd}T07:00:00{(At(sent).Month == 10 ? "+01:00" : "+02:00")}"), told.At);
            Assert.Equal(5, told.Messages.Count);
        }
    }

    [Fact]
    public void An_hour_that_comes_twice_is_quiet_both_times_or_neither()
    {
        var untilHalfPastTwo = new QuietHours([], new TimeOnly(22, 0), new TimeOnly(2, 30));
        var fromHalfPastTwo = new QuietHours([], new TimeOnly(2, 30), new TimeOnly(7, 0));

        Assert.Equal(At("2026-10-25T02:30:00+01:00"), End("2026-10-25T02:45:00+02:00", untilHalfPastTwo));
        Assert.Null(End("2026-10-25T02:45:00+01:00", untilHalfPastTwo));
        Assert.NotNull(End("2026-10-25T02:15:00+01:00", fromHalfPastTwo));
        Assert.Null(End("2026-10-25T02:15:00+02:00", fromHalfPastTwo));
    }

    [Fact]
    public void A_time_that_the_clocks_jump_over_is_the_end_of_the_gap()
    {
        Assert.Equal(At("2026-03-29T03:00:00+02:00"), End("2026-03-29T01:00:00+01:00", new QuietHours([], new TimeOnly(22, 0), new TimeOnly(2, 30))));
        Assert.Null(End("2026-03-29T03:00:00+02:00", new QuietHours([], new TimeOnly(2, 15), new TimeOnly(2, 45))));
    }

    [Fact]
    public void A_window_across_midnight_belongs_to_the_day_it_starts_on()
    {
        var friday = Night with { Days = [5] };

        Assert.Equal(At("2026-11-28T07:00:00+01:00"), End("2026-11-27T23:00:00+01:00", friday));
        Assert.Equal(At("2026-11-28T07:00:00+01:00"), End("2026-11-28T06:00:00+01:00", friday));
        Assert.Null(End("2026-11-27T06:00:00+01:00", friday));
        Assert.Null(End("2026-11-28T23:00:00+01:00", friday));
    }

    [Fact]
    public void Sunday_is_the_seventh_day_and_Monday_the_first()
    {
        var sunday = new QuietHours([7], new TimeOnly(8, 0), new TimeOnly(20, 0));

        Assert.NotNull(End("2026-11-29T12:00:00+01:00", sunday));
        Assert.Null(End("2026-11-30T12:00:00+01:00", sunday));
        Assert.NotNull(End("2026-11-30T12:00:00+01:00", sunday with { Days = [1] }));
    }

    [Fact]
    public void Windows_that_touch_or_overlap_are_followed_to_the_last_end()
    {
        var morning = new QuietHours([], new TimeOnly(7, 0), new TimeOnly(9, 0));
        var breakfast = new QuietHours([], new TimeOnly(8, 30), new TimeOnly(10, 0));

        Assert.Equal(At("2026-11-25T10:00:00+01:00"), End("2026-11-24T23:00:00+01:00", breakfast, Night, morning));
    }

    [Fact]
    public void The_same_start_and_end_is_the_whole_day()
    {
        var saturday = new QuietHours([6], new TimeOnly(12, 0), new TimeOnly(12, 0));

        Assert.Equal(At("2026-11-29T12:00:00+01:00"), End("2026-11-28T12:00:00+01:00", saturday));
        Assert.Null(End("2026-11-28T11:59:00+01:00", saturday));
    }

    [Fact]
    public void Who_does_not_want_to_be_disturbed_is_told_once_at_the_end()
    {
        var until = Clock.Start.AddHours(5);
        var person = People.Usual.Wishing(p => p with { DoNotDisturbUntil = until });
        var world = new Simulation(person);
        for (var i = 1; i <= 5; i++) world.Then(Message("A", i, Clock.Start.AddMinutes(30 * i)));
        world.ToTheEnd();

        foreach (var channel in Enum.GetValues<Channel>())
        {
            var told = Assert.Single(world.Told, t => t.Channel == channel);
            Assert.Equal(until, told.At);
            Assert.Equal(5, told.Messages.Count);
        }
    }

    [Theory]
    [InlineData("2026-10-25T00:30:00+02:00", "2026-10-25T07:00:00+01:00")] // it ends within the night the clocks go back: the night holds on
    [InlineData("2026-03-29T00:30:00+01:00", "2026-03-29T07:00:00+02:00")] // … and forward
    [InlineData("2026-10-25T08:00:00+01:00", "2026-10-25T08:00:00+01:00")] // it ends after the night
    public void Quiet_hours_go_on_where_it_ends_within_them(string until, string told)
    {
        var person = People.Usual.Quiet(Night.From, Night.To, Paris).Wishing(p => p with { DoNotDisturbUntil = At(until) });
        var sent = At(until).AddHours(-12);
        var world = new Simulation(person, start: sent);
        for (var i = 1; i <= 3; i++) world.Then(Message("A", i, sent.AddHours(i)));
        world.ToTheEnd();

        Assert.Equal(At(told), Assert.Single(world.Told, t => t.Channel == Channel.Email).At);
    }

    [Fact]
    public void Quiet_hours_without_end_let_a_message_expire()
    {
        var world = new Simulation(People.Usual.Quiet(new TimeOnly(0, 0), new TimeOnly(0, 0))).Then(Message("A", 1, Clock.Start)).ToTheEnd();

        Assert.Empty(world.Told);
        Assert.Equal(new Ruling(Verdict.Expire, Reason.Stale), world.LastOn(Channel.Push, "A-1"));
        Assert.Equal(new Ruling(Verdict.Expire, Reason.Stale), world.LastOn(Channel.Email, "A-1"));
        Assert.InRange(world.Trace[^1].At, Clock.Hour(72), Clock.Hour(10 * 24));
    }
}

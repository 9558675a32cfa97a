using Notifier.Domain.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class EmailRetryTests
{
    private static readonly SmtpOutcome.Transient Greylisted = new(SmtpPhase.Recipient, new SmtpReply(451, "4.7.1 later"));

    [Fact]
    public void The_whole_schedule_is_1_5_15_60_minutes_then_hourly_to_24_hours()
    {
        List<double> minutes = [];
        var age = TimeSpan.Zero;
        while (EmailRetry.Delay(minutes.Count + 1, age, Greylisted) is { } delay)
        {
            minutes.Add(delay.TotalMinutes);
            age += delay;
        }

        Assert.Equal([1, 5, 15, 60, .. Enumerable.Repeat(60.0, 22)], minutes);
        Assert.True(age <= TimeSpan.FromHours(24));
    }

    [Theory]
    [InlineData(452, "4.3.1 disk full")]
    [InlineData(452, "no storage")]
    [InlineData(450, "4.2.2 mailbox full")]
    public void What_is_full_waits_an_hour_from_the_start(int status, string text) =>
        Assert.Equal(TimeSpan.FromHours(1), EmailRetry.Delay(1, TimeSpan.Zero, new(SmtpPhase.Recipient, new SmtpReply(status, text))));

    [Fact]
    public void An_attempt_that_would_come_after_24_hours_is_not_made() =>
        Assert.Null(EmailRetry.Delay(2, TimeSpan.FromHours(24), Greylisted));
}

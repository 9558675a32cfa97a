using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class DomainRateTests
{
    [Fact]
    public async Task What_is_over_the_rate_is_held_back_and_holds_up_no_other_domain()
    {
        await using var server = new ScriptedSmtpServer();
        var options = Mails.Options(server.Port);
        options.RatePerDomain = 1;
        await using var transport = Mails.Transport(options, new StoppedClock());

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync(to: At("crowded.example")));
        Assert.Equal(new SmtpOutcome.Held(TimeSpan.FromMinutes(1)), await transport.SendAsync(to: At("Crowded.example")));
        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync(to: At("other.example")));

        Assert.Equal(2, server.Kept.Count);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public void Those_held_back_are_to_come_again_one_after_another_and_then_go()
    {
        var clock = new StoppedClock();
        var rate = new DomainRate(new EmailOptions { RatePerDomain = 6 }, clock);
        Assert.Null(Enter(rate));

        foreach (var seconds in new[] { 10, 20, 30 }) Assert.Equal(TimeSpan.FromSeconds(seconds), Enter(rate));

        foreach (var seconds in new[] { 10, 20, 30 })
        {
            clock.Ahead = TimeSpan.FromSeconds(seconds);
            Assert.Null(Enter(rate));
        }
        clock.Ahead = TimeSpan.FromSeconds(31);
        Assert.Equal(TimeSpan.FromSeconds(9), Enter(rate));
    }

    [Fact]
    public void Without_a_rate_nothing_is_held_back()
    {
        var rate = new DomainRate(new EmailOptions(), new StoppedClock());

        for (var i = 0; i < 1000; i++) Assert.Null(Enter(rate));
    }

    [Theory]
    [InlineData(31)]
    [InlineData(60)]
    [InlineData(600)]
    [InlineData(30_000)]
    public void A_high_rate_goes_in_little_bursts_with_the_alarms_and_no_minute_has_more_than_it(int mails)
    {
        var clock = new StoppedClock();
        var rate = new DomainRate(new EmailOptions { RatePerDomain = mails }, clock);
        var sent = new List<int>();
        for (var second = 0; second < 300; second++)
        {
            clock.Ahead = TimeSpan.FromSeconds(second);
            var burst = 0;
            while (burst <= mails && Enter(rate) is null) burst++;
            Assert.InRange(burst, 0, 1 + (2 * mails / 60.0));
            sent.Add(burst);
        }

        for (var from = 0; from + 60 <= sent.Count; from++) Assert.InRange(sent.Skip(from).Take(60).Sum(), mails * 0.9, mails + 1);
    }

    private static TimeSpan? Enter(DomainRate rate) => rate.Enter("crowded.example");

    private static MailboxAddress At(string domain) => new("", $"bob@{domain}");

    private sealed class StoppedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ahead.Ticks;
    }
}

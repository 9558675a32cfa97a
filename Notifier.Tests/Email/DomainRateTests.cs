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
    public async Task Those_held_back_are_to_come_again_one_after_another_and_then_go()
    {
        var clock = new StoppedClock();
        var rate = new DomainRate(new EmailOptions { RatePerDomain = 6 }, clock);
        Assert.Null(await EnterAsync(rate));

        foreach (var seconds in new[] { 10, 20, 30 }) Assert.Equal(TimeSpan.FromSeconds(seconds), await EnterAsync(rate));

        foreach (var seconds in new[] { 10, 20, 30 })
        {
            clock.Ahead = TimeSpan.FromSeconds(seconds);
            Assert.Null(await EnterAsync(rate));
        }
        clock.Ahead = TimeSpan.FromSeconds(31);
        Assert.Equal(TimeSpan.FromSeconds(9), await EnterAsync(rate));
    }

    [Fact]
    public async Task Without_a_rate_nothing_is_held_back()
    {
        var rate = new DomainRate(new EmailOptions(), new StoppedClock());

        for (var i = 0; i < 1000; i++) Assert.Null(await EnterAsync(rate));
    }

    private static Task<TimeSpan?> EnterAsync(DomainRate rate) => rate.EnterAsync("crowded.example", TestContext.Current.CancellationToken);

    private static MailboxAddress At(string domain) => new("", $"bob@{domain}");

    private sealed class StoppedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ahead.Ticks;
    }
}

using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class SmtpPoolTests
{
    [Fact]
    public async Task Two_mails_reuse_one_connection()
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        await transport.SendAsync();
        await transport.SendAsync();

        Assert.Equal(2, server.Kept.Count);
        Assert.Equal(1, server.Connections);
        Assert.DoesNotContain("1 NOOP", server.Heard);
    }

    [Theory]
    [InlineData("RCPT", "550 5.1.1 no such user")]
    [InlineData("RCPT", "451 4.7.1 greylisted")]
    [InlineData("DATA", "554 5.5.1 no")]
    [InlineData(".", "554 5.6.0 no")]
    public async Task A_refused_mail_costs_no_connection(string step, string refusal)
    {
        await using var server = new ScriptedSmtpServer().On(step, new Fault(refusal, Times: 1));
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        await transport.SendAsync();
        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData("RCPT")]
    [InlineData("DATA")]
    [InlineData(".")]
    public async Task A_connection_that_heard_421_carries_no_other_mail(string step)
    {
        // The server stays on the line, to show that the client is who leaves.
        await using var server = new ScriptedSmtpServer().On(step, new Fault("421 4.3.2 shutting down", Times: 1));
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        await transport.SendAsync();
        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(2, server.Connections);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pooled_connection_that_the_server_closed_is_replaced_at_once(bool reset)
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        await transport.SendAsync();
        server.CloseIdle(reset);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(2, server.Kept.Count);
        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task A_421_that_greets_the_next_mail_on_an_idle_connection_is_no_attempt_either()
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        await transport.SendAsync();
        server.On("MAIL", new Fault("421 4.4.2 idle for too long", Ending.Drop, Times: 1));

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task A_fault_after_MAIL_was_accepted_is_not_tried_again_behind_the_callers_back()
    {
        await using var server = new ScriptedSmtpServer { Extensions = [] };
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        await transport.SendAsync();
        server.On("RCPT", new Fault(null, Ending.Drop));

        Assert.IsType<SmtpOutcome.TransportDown>(await transport.SendAsync());

        Assert.Equal(1, server.Connections);
    }

    [Theory]
    [InlineData(29, false)]
    [InlineData(31, true)]
    public async Task A_connection_is_asked_with_NOOP_only_after_30_seconds_of_idleness(int seconds, bool asked)
    {
        var clock = new MovedClock();
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port), clock);
        await transport.SendAsync();
        clock.Ahead = TimeSpan.FromSeconds(seconds);

        await transport.SendAsync();

        Assert.Equal(asked, server.Heard.Contains("1 NOOP"));
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task An_idle_connection_that_fails_NOOP_is_replaced()
    {
        var clock = new MovedClock();
        await using var server = new ScriptedSmtpServer().On("NOOP", new Fault("421 4.4.2 bye", Ending.Drop));
        await using var transport = Mails.Transport(Mails.Options(server.Port), clock);
        await transport.SendAsync();
        clock.Ahead = TimeSpan.FromMinutes(1);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(2, server.Connections);
    }

    [Fact]
    public async Task Parallel_mails_use_as_many_connections_as_allowed_and_no_more()
    {
        const int Allowed = 3;
        var together = new CountdownEvent(Allowed);
        var allAtOnce = new TaskCompletionSource();
        await using var server = new ScriptedSmtpServer
        {
            // The first three dots are answered only when all three are there.
            AtDot = () =>
            {
                if (!together.IsSet && together.Signal())
                    allAtOnce.SetResult();
                return allAtOnce.Task;
            },
        };
        var options = Mails.Options(server.Port);
        options.Connections = Allowed;
        await using var transport = Mails.Transport(options);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => transport.SendAsync()));

        Assert.All(outcomes, outcome => Assert.IsType<SmtpOutcome.Sent>(outcome));
        Assert.Equal(12, server.Kept.Count);
        Assert.Equal(Allowed, server.MostOpen);
        Assert.Equal(Allowed, server.Connections);
    }

    [Fact]
    public async Task A_connection_that_has_carried_what_it_may_says_QUIT_and_another_is_opened()
    {
        await using var server = new ScriptedSmtpServer();
        var options = Mails.Options(server.Port);
        options.MessagesPerConnection = 2;
        await using var transport = Mails.Transport(options);

        for (var i = 0; i < 5; i++) Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(3, server.Connections);
        Assert.Equal(2, server.Heard.Count(h => h is "1 QUIT" or "2 QUIT"));
    }

    [Theory]
    [InlineData(9, 1)]
    [InlineData(11, 2)]
    public async Task A_connection_that_is_too_old_carries_no_further_mail(int minutes, int connections)
    {
        var clock = new MovedClock();
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port), clock);
        await transport.SendAsync();
        clock.Ahead = TimeSpan.FromMinutes(minutes);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(connections, server.Connections);
    }

    [Fact]
    public async Task The_end_of_the_transport_says_QUIT()
    {
        await using var server = new ScriptedSmtpServer();
        await using (var transport = Mails.Transport(Mails.Options(server.Port)))
            await transport.SendAsync();

        Assert.Equal("1 QUIT", server.Heard.Last());
    }

    private sealed class MovedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ahead.Ticks;
    }
}

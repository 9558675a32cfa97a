using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class SmtpTransportTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_server_gets_the_mail_as_composed()
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        var sent = Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal("2.0.0 queued as 1.1", sent.Answer);
        var kept = MimeMessage.Load(new MemoryStream(Assert.Single(server.Kept)), Cancellation);
        Assert.Equal("e7.1@acme.example", kept.MessageId);
        Assert.Contains("Is it still available?", kept.TextBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a\r\n.\r\nMAIL FROM:<eve@example.org>\r\n.")]
    [InlineData("a\n.\nb")]
    [InlineData("a\r.\rb")]
    [InlineData("..\n.b")]
    public async Task A_lone_dot_in_a_message_does_not_end_it(string text)
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        var mail = Mails.Compose(Mails.Digest(Mails.Conversation(1, Mails.Message(text))), Mails.Envelope);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync(mail, Mails.From, Mails.To, () => true, Cancellation));

        Assert.Equal(["1 EHLO", "1 MAIL", "1 RCPT", "1 DATA"], server.Heard);
        var kept = MimeMessage.Load(new MemoryStream(Assert.Single(server.Kept)), Cancellation);
        Assert.Contains(text.ReplaceLineEndings("\n"), kept.TextBody!.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_last_look_that_says_no_sends_RSET_and_no_content_and_keeps_the_connection(bool pipelining)
    {
        await using var server = new ScriptedSmtpServer { Extensions = pipelining ? ["PIPELINING"] : [] };
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        Assert.IsType<SmtpOutcome.Cancelled>(await transport.SendAsync(() => false));
        Assert.Equal(["1 EHLO", "1 MAIL", "1 RCPT", "1 RSET"], server.Heard);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());
        Assert.Equal(["1 MAIL", "1 RCPT", "1 DATA"], server.Heard.Skip(4));
        Assert.Single(server.Kept);
    }

    [Fact]
    public async Task The_last_look_comes_after_RCPT_and_before_DATA()
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        string[] heard = [];

        await transport.SendAsync(() =>
        {
            heard = [.. server.Heard];
            return true;
        });

        Assert.Equal(["1 EHLO", "1 MAIL", "1 RCPT"], heard);
    }

    [Theory]
    [InlineData("MAIL")]
    [InlineData("RCPT")]
    public async Task No_last_look_is_taken_at_a_mail_that_was_refused_already(string step)
    {
        await using var server = new ScriptedSmtpServer().On(step, new Fault("450 4.2.0 later"));
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        var looks = 0;

        Assert.IsType<SmtpOutcome.Transient>(await transport.SendAsync(() => ++looks > 0));
        Assert.Equal(0, looks);
    }

    [Fact]
    public async Task A_fault_of_the_last_look_itself_reaches_the_caller_and_nothing_is_sent()
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        await Assert.ThrowsAsync<IOException>(() => transport.SendAsync(() => throw new IOException("the database is away")));
        Assert.Empty(server.Kept);
        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());
    }

    [Fact]
    public async Task Cancelling_before_the_last_look_stops_and_after_it_lets_the_mail_finish()
    {
        using var stop = new CancellationTokenSource();
        await using var server = new ScriptedSmtpServer { AtDot = stop.CancelAsync };
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync(Mails.Simple(), Mails.From, Mails.To, () => true, stop.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => transport.SendAsync(Mails.Simple(), Mails.From, Mails.To, () => true, stop.Token));
        Assert.Single(server.Kept);
    }

    [Fact]
    public async Task A_server_that_hangs_is_left_when_the_caller_cancels()
    {
        using var stop = new CancellationTokenSource();
        await using var server = new ScriptedSmtpServer().On("RCPT", new Fault(null, Ending.Hang));
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        var sending = transport.SendAsync(Mails.Simple(), Mails.From, Mails.To, () => true, stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_local_part_that_needs_SMTPUTF8_is_rejected_without_asking_a_server_that_has_not_got_it()
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        var outcome = await transport.SendAsync(to: new MailboxAddress("", "jörg@example.org"));

        Assert.Equal(new SmtpOutcome.AddressRejected(AddressFault.NeedsSmtpUtf8, null), outcome);
        Assert.DoesNotContain("1 MAIL", server.Heard);
    }

    [Fact]
    public async Task A_local_part_that_is_not_ASCII_goes_to_a_server_with_SMTPUTF8()
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["8BITMIME", "SMTPUTF8"] };
        await using var transport = Mails.Transport(Mails.Options(server.Port));

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync(to: new MailboxAddress("", "jörg@example.org")));
    }

    [Theory]
    [InlineData(true, "BDAT")]
    [InlineData(false, "DATA")]
    public async Task Content_goes_by_BDAT_where_it_is_offered_and_not_switched_off_and_arrives_the_same(bool chunking, string verb)
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["PIPELINING", "8BITMIME", "CHUNKING"] };
        var options = Mails.Options(server.Port);
        options.Chunking = chunking;
        await using var transport = Mails.Transport(options);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());
        Assert.IsType<SmtpOutcome.Cancelled>(await transport.SendAsync(() => false));
        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());

        Assert.Equal(["1 EHLO", "1 MAIL", "1 RCPT", $"1 {verb}", "1 MAIL", "1 RCPT", "1 RSET", "1 MAIL", "1 RCPT", $"1 {verb}"], server.Heard);
        Assert.Equal(2, server.Kept.Count);
        using var sent = new MemoryStream();
        var format = MimeKit.FormatOptions.Default.Clone();
        format.NewLineFormat = MimeKit.NewLineFormat.Dos;
        await Mails.Simple().WriteToAsync(format, sent, TestContext.Current.CancellationToken);
        Assert.Equal(BodyOf(sent.ToArray()), BodyOf(server.Kept.First()));

        static string BodyOf(byte[] mail) => Mails.Load(mail).TextBody!.Trim();
    }

    [Fact]
    public void The_probe_finds_the_end_of_BDAT_wherever_the_writes_are_cut()
    {
        byte[] written = [.. "BDAT 12 LAST\r\n"u8, .. "A: b\r\n\r\n.\r\n."u8];
        for (var cut = "BDAT 12 LAST\r\n".Length; cut < written.Length; cut++)
        {
            var probe = new SmtpPhaseProbe();
            probe.BeginMail();
            probe.BeginBdat();

            probe.LogClient(written, 0, cut);
            Assert.Equal((SmtpPhase.Data, true), (probe.Phase, probe.InContent));
            probe.LogClient(written, cut, written.Length - cut);
            Assert.Equal((SmtpPhase.FinalDot, false), (probe.Phase, probe.InContent));
        }
    }

    [Fact]
    public void The_probe_finds_the_final_dot_wherever_the_writes_are_cut()
    {
        byte[] content = [.. "A: b\r\n\r\n..dotted\r\n.. \r\n.\r\n"u8];
        for (var cut = 1; cut < content.Length; cut++)
        {
            using var probe = new SmtpPhaseProbe();
            probe.BeginMail();
            probe.LogClient([.. "DATA\r\n"u8], 0, 6);
            probe.LogServer([.. "354 go\r\n"u8], 0, 8);
            probe.LogClient(content, 0, cut);
            Assert.Equal(SmtpPhase.Data, probe.Phase);
            probe.LogClient(content, cut, content.Length - cut);
            Assert.Equal(SmtpPhase.FinalDot, probe.Phase);
        }
    }
}

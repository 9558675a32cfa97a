using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Xunit;

namespace Notifier.Tests.Fixtures;

public sealed class SmtpOracleTests : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);
    private SmtpOracle _oracle = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _oracle = await SmtpOracle.StartAsync();

    public ValueTask DisposeAsync() => _oracle.DisposeAsync();

    [Fact]
    public async Task A_mail_arrives_as_it_was_sent()
    {
        await SendAsync("bob@example.org");

        var mail = await _oracle.WaitForMailAsync(m => m.RcptTo is ["bob@example.org"], Soon);
        Assert.Equal("hello@acme.example", mail.MailFrom);
        Assert.Equal("Grüße", mail.Message.Subject);
        Assert.Equal(".dot first\n", mail.Message.TextBody!.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task A_recipient_is_refused_and_another_served_on_the_connection_that_lived()
    {
        await _oracle.AddAsync(new OracleFault(OracleStep.Rcpt, "550 5.1.1 no", Address: "gone@example.org"));
        using var client = await ConnectAsync();

        var refusal = await Assert.ThrowsAsync<SmtpCommandException>(() => client.SendAsync(Mail("gone@example.org"), Cancellation));
        await client.SendAsync(Mail("bob@example.org"), Cancellation);

        Assert.Equal(SmtpErrorCode.RecipientNotAccepted, refusal.ErrorCode);
        Assert.Single(await _oracle.SettledMailsAsync());
        Assert.Equal(1, _oracle.Connections);
        Assert.Equal(["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"], _oracle.Verbs(1));
    }

    [Theory]
    [InlineData(OracleStep.Rcpt, "450 4.2.0 later")]
    [InlineData(OracleStep.Data, "451 4.3.0 later")]
    [InlineData(OracleStep.Dot, "554 5.6.0 no")]
    public async Task A_reply_is_said_once_and_the_next_mail_arrives(OracleStep step, string reply)
    {
        await _oracle.AddAsync(new OracleFault(step, reply, Times: 1));

        var refusal = await Assert.ThrowsAsync<SmtpCommandException>(() => SendAsync("bob@example.org"));
        Assert.Equal(reply[..3], ((int)refusal.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.Empty(await _oracle.SettledMailsAsync());

        await SendAsync("bob@example.org");
        Assert.Single(await _oracle.SettledMailsAsync());
    }

    [Theory]
    [InlineData(OracleStep.Content, false)]
    [InlineData(OracleStep.Dot, false)]
    [InlineData(OracleStep.Dot, true)]
    public async Task A_dropped_connection_keeps_the_mail_or_not(OracleStep step, bool keep)
    {
        await _oracle.AddAsync(new OracleFault(step, Drop: true, Keep: keep));

        // The exception's type tells of timing only: a reset, an end of stream, or a broken pipe.
        Assert.NotNull(await Record.ExceptionAsync(() => SendAsync("bob@example.org")));

        Assert.Equal(keep ? 1 : 0, (await _oracle.SettledMailsAsync()).Length);
    }

    [Theory]
    [InlineData(OracleStep.Rcpt)]
    [InlineData(OracleStep.Data)]
    [InlineData(OracleStep.Content)]
    [InlineData(OracleStep.Dot)]
    public async Task A_client_hangs_until_it_is_released(OracleStep step)
    {
        var hang = await _oracle.AddAsync(new OracleFault(step, Hang: true));
        var sending = SendAsync("bob@example.org");

        await hang.ReachedAsync(Soon);
        Assert.False(sending.IsCompleted);
        Assert.Empty(await _oracle.SettledMailsAsync());

        await hang.ReleaseAsync();
        await sending;
        Assert.Single(await _oracle.SettledMailsAsync());
    }

    [Fact]
    public async Task The_greeting_can_be_a_refusal()
    {
        await _oracle.AddAsync(new OracleFault(OracleStep.Connect, "421 4.3.2 not now", Times: 1));

        await Assert.ThrowsAnyAsync<Exception>(ConnectAsync);

        await SendAsync("bob@example.org");
        Assert.Equal(2, _oracle.Connections);
    }

    private async Task SendAsync(string to)
    {
        using var client = await ConnectAsync();
        await client.SendAsync(Mail(to), Cancellation);
    }

    private async Task<SmtpClient> ConnectAsync()
    {
        var client = new SmtpClient();
        await client.ConnectAsync("127.0.0.1", _oracle.Port, SecureSocketOptions.None, Cancellation);
        return client;
    }

    private static MimeMessage Mail(string to) =>
        new([MailboxAddress.Parse("hello@acme.example")], [MailboxAddress.Parse(to)], "Grüße", new TextPart("plain") { Text = ".dot first\r\n" });
}

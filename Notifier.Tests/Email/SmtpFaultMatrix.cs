using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;
using static Notifier.Tests.Email.Ending;

namespace Notifier.Tests.Email;

/// <summary>Every way a server can fail, at every step, with and without PIPELINING, and with BDAT in place of DATA.</summary>
public sealed class SmtpFaultMatrix
{
    private static readonly (string Step, Fault Fault, string Outcome)[] Matrix =
    [
        ("CONNECT", new("421 4.3.2 too busy", Drop), "TransportDown Connect 421 4.3.2"),
        ("CONNECT", new("554 5.7.1 not you", Drop), "TransportDown Connect 554 5.7.1"),
        ("CONNECT", new(null, Drop), "TransportDown Connect"),
        ("CONNECT", new(null, Hang), "TransportDown Connect"),
        ("CONNECT", new("HTTP/1.1 400 Bad Request", Drop), "TransportDown Connect"),
        ("EHLO", new(null, Drop), "TransportDown Connect"),
        ("EHLO", new(null, Hang), "TransportDown Connect"),
        ("AUTH", new("535 5.7.8 bad credentials"), "TransportDown Authenticate"),
        ("AUTH", new("454 4.7.0 try later"), "TransportDown Authenticate"),
        ("AUTH", new(null, Drop), "TransportDown Authenticate"),
        ("AUTH", new(null, Hang), "TransportDown Authenticate"),
        ("MAIL", new("451 4.3.0 not now"), "Transient Mail 451 4.3.0"),
        ("MAIL", new("421 4.4.2 bye", Drop), "TransportDown Mail 421 4.4.2"),
        ("MAIL", new("530 5.7.0 authenticate first"), "TransportDown Authenticate 530 5.7.0"),
        ("MAIL", new("550 5.7.1 sender refused"), "OurFault Mail 550 5.7.1"),
        ("MAIL", new("553 no such sender"), "OurFault Mail 553"),
        ("MAIL", new("552 5.3.4 too large"), "MessageRejected Mail 552 5.3.4"),
        ("MAIL", new(null, Drop), "TransportDown Mail"),
        ("MAIL", new(null, Hang), "TransportDown Mail"),
        ("RCPT", new("450 4.2.0 greylisted"), "Transient Recipient 450 4.2.0"),
        ("RCPT", new("451 4.7.1 greylisted"), "Transient Recipient 451 4.7.1"),
        ("RCPT", new("452 4.2.2 mailbox full"), "Transient Recipient 452 4.2.2"),
        ("RCPT", new("421 4.7.0 slow down", Drop), "TransportDown Recipient 421 4.7.0"),
        ("RCPT", new("550 5.1.1 no such user"), "AddressRejected Refused 550 5.1.1"),
        ("RCPT", new("550-5.1.1 no such\r\n550 5.1.1 user"), "AddressRejected Refused 550 5.1.1"),
        ("RCPT", new("550 no such user"), "AddressRejected Refused 550"),
        ("RCPT", new("550 5.7.1 blocked"), "OurFault Recipient 550 5.7.1"),
        ("RCPT", new("550 relaying denied"), "OurFault Recipient 550"),
        ("RCPT", new(null, Drop), "TransportDown Mail|TransportDown Recipient"),
        ("RCPT", new(null, Hang), "TransportDown Mail|TransportDown Recipient"),
        ("DATA", new("451 4.3.0 not now"), "Transient Data 451 4.3.0"),
        ("DATA", new("421 4.3.0 bye", Drop), "Transient Data 421 4.3.0"),
        ("DATA", new("554 5.5.1 no"), "MessageRejected Data 554 5.5.1"),
        ("DATA", new("554 5.7.1 no"), "OurFault Data 554 5.7.1"),
        ("DATA", new("250 what?"), "Transient Data"),
        ("DATA", new(null, Drop), "Transient Data"),
        ("DATA", new(null, Hang), "Transient Data"),
        (".", new("451 4.3.0 not now"), "Transient FinalDot 451 4.3.0"),
        (".", new("452 4.3.1 disk full"), "Transient FinalDot 452 4.3.1"),
        (".", new("421 4.3.0 bye", Drop), "Transient FinalDot 421 4.3.0"),
        (".", new("554 5.6.0 malformed"), "MessageRejected FinalDot 554 5.6.0"),
        (".", new("550 5.7.1 looks like spam"), "OurFault FinalDot 550 5.7.1"),
        (".", new("not an answer"), "Unknown"),
        (".", new(null, Drop), "Unknown"),
        (".", new(null, Hang), "Unknown"),
    ];

    public static IEnumerable<TheoryDataRow<string, Fault, string, string>> Rows =>
        from row in Matrix
        from extension in (IEnumerable<string>)["PIPELINING", "8BITMIME", "CHUNKING"]
        where row.Step != "DATA" || extension != "CHUNKING"
        select new TheoryDataRow<string, Fault, string, string>(row.Step, row.Fault, row.Outcome, extension);

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Every_fault_has_its_outcome(string step, Fault fault, string expected, string extension)
    {
        await using var server = new ScriptedSmtpServer().On(step, fault);
        server.Extensions = [extension, "AUTH PLAIN"];
        var options = Mails.Options(server.Port);
        (options.User, options.Password) = ("acme", "secret");
        if (fault.Then == Hang)
            options.ConnectTimeout = options.CommandTimeout = options.FinalTimeout = TimeSpan.FromMilliseconds(200);
        await using var transport = Mails.Transport(options);

        var outcome = await transport.SendAsync();

        Assert.Contains(Describe(outcome), expected.Split('|'));
        Assert.Empty(server.Kept);
    }

    [Theory]
    [InlineData(Drop)]
    [InlineData(Hang)]
    public async Task A_mail_that_was_kept_and_one_that_was_not_look_the_same_after_the_dot(Ending then)
    {
        await using var server = new ScriptedSmtpServer { KeepsInSpiteOfFault = true }.On(".", new Fault(null, then));
        var options = Mails.Options(server.Port);
        options.FinalTimeout = TimeSpan.FromMilliseconds(200);
        await using var transport = Mails.Transport(options);

        Assert.IsType<SmtpOutcome.Unknown>(await transport.SendAsync());
        Assert.Single(server.Kept);
    }

    [Fact]
    public async Task A_link_that_dies_within_BDAT_has_not_handed_over_the_mail()
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["CHUNKING"] }.On("CONTENT", new Fault(null, Drop));
        await using var transport = Mails.Transport(Mails.Options(server.Port));
        var big = Mails.Simple();
        big.Body = new MimeKit.TextPart("plain") { Text = new string('x', 4_000_000) };

        Assert.Equal("Transient Data", Describe(await transport.SendAsync(big, Mails.From, Mails.To, () => true, TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task No_server_at_all_burns_no_attempt()
    {
        var server = new ScriptedSmtpServer();
        var port = server.Port;
        await server.DisposeAsync();
        await using var transport = Mails.Transport(Mails.Options(port));

        Assert.Equal("TransportDown Connect", Describe(await transport.SendAsync()));
    }

    internal static string Describe(SmtpOutcome outcome) => (outcome switch
    {
        SmtpOutcome.Transient { Phase: var phase, Reply: var reply } => $"Transient {phase} {reply}",
        SmtpOutcome.TransportDown { Phase: var phase, Reply: var reply } => $"TransportDown {phase} {reply}",
        SmtpOutcome.MessageRejected { Phase: var phase, Reply: var reply } => $"MessageRejected {phase} {reply}",
        SmtpOutcome.OurFault { Phase: var phase, Reply: var reply } => $"OurFault {phase} {reply}",
        SmtpOutcome.AddressRejected { Fault: var fault, Reply: var reply } => $"AddressRejected {fault} {reply}",
        _ => outcome.GetType().Name,
    }).TrimEnd();
}

using System.Security.Cryptography.X509Certificates;
using Notifier.Domain.Email;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class SmtpTlsTests : IDisposable
{
    private readonly X509Certificate2 _certificate = ServerCertificate.For("localhost");
    private readonly string _caFile = Path.GetTempFileName();

    public void Dispose()
    {
        _certificate.Dispose();
        File.Delete(_caFile);
    }

    [Fact]
    public async Task STARTTLS_and_PLAIN_with_a_certificate_that_the_CA_file_vouches_for()
    {
        await File.WriteAllTextAsync(_caFile, _certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await using var server = Server();
        var options = Options(server);
        (options.CaFile, options.User, options.Password) = (_caFile, "acme", "secret");
        await using var transport = Mails.Transport(options);

        Assert.IsType<SmtpOutcome.Sent>(await transport.SendAsync());
        Assert.Equal(["1 EHLO", "1 STARTTLS", "1 EHLO", "1 AUTH", "1 MAIL", "1 RCPT", "1 DATA"], server.Heard);
    }

    [Fact]
    public async Task A_certificate_nobody_vouches_for_is_the_transports_fault()
    {
        await using var server = Server();
        await using var transport = Mails.Transport(Options(server));

        Assert.Equal("TransportDown Tls", SmtpFaultMatrix.Describe(await transport.SendAsync()));
    }

    [Fact]
    public async Task After_it_the_server_is_left_alone_for_a_while_that_doubles_and_a_good_one_ends_that()
    {
        var clock = new HandClock();
        using var other = ServerCertificate.For("other.example");
        await File.WriteAllTextAsync(_caFile, _certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await using var server = Server();
        server.Certificate = other;
        var options = Options(server);
        options.CaFile = _caFile;
        await using var transport = Mails.Transport(options, clock);

        foreach (var (second, outcome, connections) in new[] { (0, "TransportDown Tls", 1), (29, "TransportDown Tls", 1), (31, "TransportDown Tls", 2), (90, "TransportDown Tls", 2), (92, "Sent", 3) })
        {
            if (outcome == "Sent") server.Certificate = _certificate;
            clock.Now = TimeSpan.FromSeconds(second);
            Assert.Equal(outcome, SmtpFaultMatrix.Describe(await transport.SendAsync()));
            Assert.Equal(connections, server.Connections);
        }
    }

    [Fact]
    public async Task A_CA_file_does_not_excuse_a_certificate_for_another_host()
    {
        using var other = ServerCertificate.For("other.example");
        await File.WriteAllTextAsync(_caFile, other.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await using var server = Server();
        server.Certificate = other;
        var options = Options(server);
        options.CaFile = _caFile;
        await using var transport = Mails.Transport(options);

        Assert.Equal("TransportDown Tls", SmtpFaultMatrix.Describe(await transport.SendAsync()));
    }

    [Fact]
    public async Task Without_STARTTLS_on_offer_nothing_is_sent_in_the_clear()
    {
        await using var server = new ScriptedSmtpServer();
        await using var transport = Mails.Transport(Options(server));

        Assert.Equal("TransportDown Tls", SmtpFaultMatrix.Describe(await transport.SendAsync()));
        Assert.Equal(["1 EHLO"], server.Heard);
    }

    [Theory]
    [InlineData("454 4.7.0 TLS not available", Ending.GoOn)]
    [InlineData(null, Ending.Drop)]
    [InlineData("220 go ahead", Ending.Drop)]
    [InlineData("220 go ahead\r\nthis is no TLS", Ending.GoOn)]
    public async Task A_STARTTLS_that_fails_is_the_transports_fault(string? answer, Ending then)
    {
        await using var server = Server().On("STARTTLS", new Fault(answer, then));
        await using var transport = Mails.Transport(Options(server));

        Assert.StartsWith("TransportDown Tls", SmtpFaultMatrix.Describe(await transport.SendAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_without_a_mechanism_that_is_safe_here_does_not_get_the_password()
    {
        await using var server = new ScriptedSmtpServer { Extensions = ["AUTH CRAM-MD5 XOAUTH2"] };
        var options = Mails.Options(server.Port);
        (options.User, options.Password) = ("acme", "secret");
        await using var transport = Mails.Transport(options);

        Assert.Equal("TransportDown Authenticate", SmtpFaultMatrix.Describe(await transport.SendAsync()));
        Assert.DoesNotContain("1 AUTH", server.Heard);
    }

    [Fact]
    public async Task With_Tls_a_server_in_the_clear_gets_no_word_of_SMTP()
    {
        await using var server = new ScriptedSmtpServer();
        var options = Options(server);
        options.Security = EmailSecurity.Tls;
        options.ConnectTimeout = TimeSpan.FromSeconds(5);
        await using var transport = Mails.Transport(options);

        Assert.IsType<SmtpOutcome.TransportDown>(await transport.SendAsync());
        Assert.DoesNotContain(server.Heard, h => h.EndsWith("EHLO", StringComparison.Ordinal) || h.EndsWith("MAIL", StringComparison.Ordinal));
    }

    private static EmailOptions Options(ScriptedSmtpServer server)
    {
        var options = Mails.Options(server.Port);
        (options.Host, options.Security) = ("localhost", EmailSecurity.StartTls);
        return options;
    }

    private ScriptedSmtpServer Server() => new() { Certificate = _certificate, Extensions = ["STARTTLS", "AUTH PLAIN LOGIN"] };
}

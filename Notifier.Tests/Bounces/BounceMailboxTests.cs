using MailKit.Security;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Bounces;
using Notifier.Worker.Email;
using Npgsql;

namespace Notifier.Tests.Bounces;

public sealed class BounceMailboxTests(BouncesStage stage) : IClassFixture<BouncesStage>
{
    [Fact]
    public async Task A_mailbox_is_read_by_IMAP_and_each_mail_is_marked_when_it_is_dealt_with()
    {
        await using var dovecot = await Dovecot.StartAsync();
        var (bob, eve, ada) = (await stage.MailedAsync(), await stage.MailedAsync(), await stage.MailedAsync());
        await dovecot.DeliverAsync("1.a", Reports.Bounce(bob.ReturnPath, bob.Address, "5.1.1"));
        await dovecot.DeliverAsync("2.b", Reports.Complaint(eve.ReturnPath, eve.Address));
        await dovecot.DeliverAsync("3.c", Reports.OutOfOffice(ada.ReturnPath));

        await ReadAsync(dovecot);
        Assert.All(dovecot.Files, f => Assert.EndsWith("S", f, StringComparison.Ordinal));
        Assert.Equal(3, dovecot.Files.Length);
        await dovecot.DeliverAsync("4.d", Reports.Bounce(ada.ReturnPath, ada.Address, "5.1.1"));
        await ReadAsync(dovecot);

        Assert.StartsWith("suppressed 5.1.1", await bob.FateAsync(), StringComparison.Ordinal);
        Assert.Equal("unsubscribed", await eve.FateAsync());
        Assert.StartsWith("suppressed 5.1.1", await ada.FateAsync(), StringComparison.Ordinal);
        Assert.All(dovecot.Files, f => Assert.EndsWith("S", f, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_mail_that_is_removed_after_it_was_listed_holds_up_no_other()
    {
        await using var dovecot = await Dovecot.StartAsync();
        var (bob, eve) = (await stage.MailedAsync(), await stage.MailedAsync());
        await dovecot.DeliverAsync("1.a", Reports.Bounce(bob.ReturnPath, bob.Address, "5.1.1"));
        await dovecot.DeliverAsync("2.b", Reports.OutOfOffice(bob.ReturnPath));
        await dovecot.DeliverAsync("3.c", Reports.Bounce(eve.ReturnPath, eve.Address, "5.1.1"));
        await using var connection = await stage.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var locking = new NpgsqlCommand("LOCK TABLE notifier.bounce", connection, transaction);
        await locking.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        var reading = ReadAsync(dovecot);
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'notifier.bounce'::regclass)", TimeSpan.FromSeconds(20), "the first mail being dealt with");
        File.Delete(Assert.Single(dovecot.Files, f => Path.GetFileName(f).StartsWith("2.b", StringComparison.Ordinal)));
        await transaction.RollbackAsync(TestContext.Current.CancellationToken);
        await reading;

        Assert.StartsWith("suppressed", await bob.FateAsync(), StringComparison.Ordinal);
        Assert.StartsWith("suppressed", await eve.FateAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EmailSecurity.StartTls)]
    [InlineData(EmailSecurity.Tls)]
    public async Task It_is_read_over_TLS_if_the_CA_file_vouches_for_the_certificate_and_not_without(EmailSecurity security)
    {
        using var certificate = ServerCertificate.For("127.0.0.1");
        await using var dovecot = await Dovecot.StartAsync(certificate.Pem());
        var caFile = Path.GetTempFileName();
        await File.WriteAllTextAsync(caFile, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);
        try
        {
            var bob = await stage.MailedAsync();
            await dovecot.DeliverAsync("1.a", Reports.Bounce(bob.ReturnPath, bob.Address, "5.1.1"));
            var options = new BounceMailboxOptions
            {
                Host = "127.0.0.1",
                Port = security == EmailSecurity.Tls ? dovecot.TlsPort : dovecot.Port,
                Security = security,
                User = Dovecot.User,
                Password = Dovecot.Password,
            };

            await Assert.ThrowsAsync<SslHandshakeException>(() => stage.Mailbox.ReadAsync(options, TestContext.Current.CancellationToken));
            Assert.Equal("mailed", await bob.FateAsync());
            options.CaFile = caFile;
            await stage.Mailbox.ReadAsync(options, TestContext.Current.CancellationToken);

            Assert.StartsWith("suppressed 5.1.1", await bob.FateAsync(), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(caFile);
        }
    }

    [Fact]
    public async Task Without_STARTTLS_on_offer_the_password_goes_nowhere()
    {
        await using var dovecot = await Dovecot.StartAsync();

        await Assert.ThrowsAsync<NotSupportedException>(() => stage.Mailbox.ReadAsync(
            new BounceMailboxOptions { Host = "127.0.0.1", Port = dovecot.Port, Security = EmailSecurity.StartTls, User = Dovecot.User, Password = Dovecot.Password },
            TestContext.Current.CancellationToken));
    }

    private Task ReadAsync(Dovecot dovecot) => stage.Mailbox.ReadAsync(
        new BounceMailboxOptions { Host = "127.0.0.1", Port = dovecot.Port, Security = EmailSecurity.None, User = Dovecot.User, Password = Dovecot.Password },
        TestContext.Current.CancellationToken);
}

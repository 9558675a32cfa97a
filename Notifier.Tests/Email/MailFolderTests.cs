using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class MailFolderTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory().FullName, "mail");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public async Task An_email_becomes_a_file_that_opens()
    {
        Assert.IsType<SmtpOutcome.Sent>(await Folder().SendAsync());

        var file = Assert.Single(Directory.GetFiles(_folder));
        Assert.Equal("20261124-120000-e7.1@acme.example.eml", Path.GetFileName(file));
        var mail = await MimeMessage.LoadAsync(file, TestContext.Current.CancellationToken);
        Assert.Equal("New messages from Ada", mail.Subject);
        Assert.Contains("Is it still available?", mail.TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_last_look_that_says_no_leaves_no_file()
    {
        Assert.IsType<SmtpOutcome.Cancelled>(await Folder().SendAsync(() => false));

        Assert.False(Directory.Exists(_folder));
    }

    private MailFolder Folder() => new(Options.Create(new EmailOptions { MailFolder = _folder }), new Standing());

    private sealed class Standing : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Mails.Noon;
    }
}

using System.Globalization;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>For development: every email becomes a file that any mail client opens. Chosen where no <c>Email__Host</c> is set.</summary>
internal sealed class MailFolder(IOptions<EmailOptions> options, TimeProvider time) : IMailTransport
{
    public async Task<SmtpOutcome> SendAsync(
        MimeMessage message, MailboxAddress envelopeFrom, MailboxAddress envelopeTo, Func<bool> lastLook, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (!lastLook())
            return new SmtpOutcome.Cancelled();

        var folder = Directory.CreateDirectory(options.Value.MailFolder).FullName;
        var name = $"{time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}-{FileName(message.MessageId ?? "")}.eml";
        var path = Path.Combine(folder, name);
        // Who lists the folder meanwhile must never see half a mail.
        var unfinished = path + ".tmp";
        await message.WriteToAsync(unfinished, CancellationToken.None);
        File.Move(unfinished, path, overwrite: true);
        return new SmtpOutcome.Sent(name);
    }

    private static string FileName(string messageId) =>
        string.Concat(messageId.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '@' ? c : '_'));
}

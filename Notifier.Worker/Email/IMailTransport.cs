using MimeKit;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>Hands one email to what carries it: <see cref="SmtpTransport"/>, or <see cref="MailFolder"/> in development.</summary>
public interface IMailTransport
{
    /// <param name="message">The mail, with its final Message-ID.</param>
    /// <param name="envelopeFrom">Where bounces go (RFC 5321 Reverse-path).</param>
    /// <param name="envelopeTo">The one recipient (Forward-path).</param>
    /// <param name="lastLook">
    /// Asked once the recipient was accepted and before any content is sent; false cancels. At most one call per send. It is synchronous
    /// because MailKit calls it from inside the dialogue. What it throws reaches the caller, and nothing was sent.
    /// </param>
    /// <param name="cancellation">Honoured until the last look said yes. From then on the mail is finished, within the timeouts.</param>
    Task<SmtpOutcome> SendAsync(
        MimeMessage message, MailboxAddress envelopeFrom, MailboxAddress envelopeTo, Func<bool> lastLook, CancellationToken cancellation);
}

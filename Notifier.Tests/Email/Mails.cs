using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Dkim;
using Notifier.Worker.Email.Templates;
using Notifier.Worker.Unsubscribe;
using Xunit;

namespace Notifier.Tests.Email;

/// <summary>Mails and transports as the tests of this folder want them.</summary>
internal static class Mails
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static readonly MailboxAddress From = new("Acme", "hello@acme.example");

    public static readonly MailboxAddress To = new("Bob", "bob@example.org");

    public static readonly UnsubscribeWays Unsubscribe =
        new(new Uri("https://notifier.acme.example/unsubscribe/abc"), "mailto:hello@acme.example?subject=unsubscribe%20abc", new Uri("https://notifier.acme.example/unsubscribe/abc#settings"));

    public static EmailEnvelope Envelope => new("<e7.1@acme.example>", "<c0ffee@acme.example>", null, From, To, Unsubscribe, Noon);

    public static DigestConversation Conversation(int unseen, params DigestMessage[] newest) =>
        new("c-9", null, "https://acme.example/messages/c-9", unseen, newest);

    public static DigestMessage Message(string text, string sender = "Ada", long seq = 1) => new(seq, sender, text, Noon.AddMinutes(seq));

    public static EmailDigest Digest(params DigestConversation[] conversations) =>
        new("Acme", new EmailRecipient("bob@example.org", "Bob", null), conversations) { Site = "acme" };

    /// <summary>As an installation without settings of its own writes it.</summary>
    public static MimeMessage Compose(EmailDigest digest, EmailEnvelope envelope) => Composer().Compose(digest, envelope);

    public static EmailComposer Composer(EmailOptions? options = null, ILogger<EmailTemplates>? log = null, DkimOptions? dkim = null) => new(
        new EmailTemplates(Microsoft.Extensions.Options.Options.Create(options ?? new EmailOptions()), log ?? NullLogger<EmailTemplates>.Instance),
        new DkimSignature(Microsoft.Extensions.Options.Options.Create(dkim ?? new DkimOptions())));

    public static MimeMessage Simple() => Compose(Digest(Conversation(1, Message("Is it still available?"))), Envelope);

    public static EmailOptions Options(int port) => new()
    {
        Host = "127.0.0.1",
        Port = port,
        Security = EmailSecurity.None,
        From = "Acme <hello@acme.example>",
    };

    public static SmtpTransport Transport(EmailOptions options, TimeProvider? time = null) =>
        new(Microsoft.Extensions.Options.Options.Create(options), time ?? TimeProvider.System, NullLogger<SmtpTransport>.Instance);

    public static Task<SmtpOutcome> SendAsync(this IMailTransport transport, Func<bool>? lastLook = null, MailboxAddress? to = null) =>
        transport.SendAsync(Simple(), From, to ?? To, lastLook ?? (() => true), TestContext.Current.CancellationToken);

    public static MimeMessage Load(byte[] mail)
    {
        using var bytes = new MemoryStream(mail);
        return MimeMessage.Load(bytes);
    }

    /// <summary>As the receiver's client shows it.</summary>
    public static MimeMessage Received(MimeMessage message)
    {
        using var bytes = new MemoryStream();
        message.WriteTo(bytes, TestContext.Current.CancellationToken);
        bytes.Position = 0;
        return MimeMessage.Load(bytes, TestContext.Current.CancellationToken);
    }
}

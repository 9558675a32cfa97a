using MimeKit;
using MimeKit.Text;
using Notifier.Domain.Email;
using Notifier.Worker.Email.Templates;

namespace Notifier.Worker.Email;

/// <summary>Writes a digest as a mail: headers here, what it says in <see cref="EmailTemplates"/>.</summary>
internal sealed class EmailComposer(EmailTemplates templates)
{
    public MimeMessage Compose(EmailDigest digest, EmailEnvelope envelope)
    {
        var text = templates.Write(digest, envelope);
        var message = new MimeMessage
        {
            MessageId = envelope.MessageId,
            Date = envelope.Date,
            Subject = text.Subject,
            Body = Alternative(text),
        };
        message.From.Add(new MailboxAddress(text.SenderName, envelope.From.Address));
        message.To.Add(envelope.To);
        AddThread(message, envelope);
        AddAutomation(message, envelope);
        return message;
    }

    // RFC 5322 section 3.6.4. The root is a mail that never was; what names it as its parent is threaded below one node all the same.
    private static void AddThread(MimeMessage message, EmailEnvelope envelope)
    {
        foreach (var id in new[] { envelope.ThreadRoot, envelope.InReplyTo })
            if (id is not null)
                message.References.Add(WithoutBrackets(id));
        if ((envelope.InReplyTo ?? envelope.ThreadRoot) is { } parent)
            message.InReplyTo = WithoutBrackets(parent);
    }

    private static string WithoutBrackets(string id) => id.Trim('<', '>');

    private static void AddAutomation(MimeMessage message, EmailEnvelope envelope)
    {
        // RFC 3834 section 5: no vacation notice is to answer this.
        message.Headers.Add(HeaderId.AutoSubmitted, "auto-generated");
        // RFC 2369 section 3.2 (in order of preference) and RFC 8058 section 3.1.
        message.Headers.Add(HeaderId.ListUnsubscribe, $"<{envelope.Unsubscribe.OneClick.AbsoluteUri}>, <{envelope.Unsubscribe.MailTo}>");
        message.Headers.Add(HeaderId.ListUnsubscribePost, "List-Unsubscribe=One-Click");
    }

    // RFC 2046 section 5.1.4: the richest last.
    private static MultipartAlternative Alternative(EmailText text) => new()
    {
        new TextPart(TextFormat.Plain) { Text = text.Text },
        new TextPart(TextFormat.Html) { Text = text.Html },
    };
}

using System.Security.Cryptography;
using System.Text;
using MimeKit;
using MimeKit.Text;
using Notifier.Domain.Email;
using Notifier.Worker.Email.Dkim;
using Notifier.Worker.Email.Templates;

namespace Notifier.Worker.Email;

/// <summary>Writes a digest as a mail: headers here, what it says in <see cref="EmailTemplates"/>.</summary>
internal sealed class EmailComposer(EmailTemplates templates, DkimSignature dkim)
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
        AddList(message, digest, envelope);
        // RFC 5322 section 2.1.1: no line is longer than 998; and no server on the way has a reason to encode a signed body anew.
        message.Prepare(EncodingConstraint.SevenBit);
        dkim.Sign(message);
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

    private static void AddList(MimeMessage message, EmailDigest digest, EmailEnvelope envelope)
    {
        var site = Label(digest.Site);
        // RFC 2919: one list per site, by which people filter.
        message.Headers.Add(HeaderId.ListId, $"<unread.{site}.{envelope.From.Domain}>");
        // Gmail's feedback loop counts complaints by each of the first three fields, for the sender that the last one names.
        var kind = digest.Conversations.Count == 1 ? "conversation" : "digest";
        message.Headers.Add("Feedback-ID", $"{kind}:{site}:unread:{Hash(envelope.From.Domain)}");
    }

    // A site's id is anything; a label of letters and digits (RFC 2919 section 2) is short.
    private static string Label(string site) =>
        site.Length is > 0 and <= 40 && site.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c)) ? site : Hash(site);

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)), 0, 6);

    // RFC 2046 section 5.1.4: the richest last.
    private static MultipartAlternative Alternative(EmailText text) => new()
    {
        new TextPart(TextFormat.Plain) { Text = text.Text },
        new TextPart(TextFormat.Html) { Text = text.Html },
    };
}

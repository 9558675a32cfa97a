using System.Text;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>The text/plain part.</summary>
internal static class TextBody
{
    public static string Write(EmailDigest digest, EmailEnvelope envelope)
    {
        var text = new StringBuilder().Append(EmailWording.Heading(digest)).Append("\n\n");
        foreach (var conversation in digest.Conversations)
            Append(text, conversation, withHeading: digest.Conversations.Count > 1);
        return text
            .Append("-- \n")
            .Append(EmailWording.Why(digest)).Append('\n')
            .Append("Unsubscribe: ").Append(envelope.Unsubscribe.OneClick.AbsoluteUri).Append('\n')
            .ToString();
    }

    private static void Append(StringBuilder text, DigestConversation conversation, bool withHeading)
    {
        if (withHeading)
            text.Append("## ").Append(EmailWording.Heading(conversation)).Append(" (").Append(conversation.Unseen).Append(")\n\n");
        foreach (var message in conversation.Newest)
            text.Append(EmailWording.Name(message)).Append(", ").Append(MessageTime.Write(message.SentAt)).Append(":\n")
                .Append(message.Text is null ? EmailWording.Sealed : UserText.Block(message.Text)).Append("\n\n");
        if (conversation.NotShown > 0)
            text.Append("and ").Append(conversation.NotShown).Append(" more\n\n");
        if (WebLink.From(conversation.Url) is { } link)
            text.Append("Open: ").Append(link).Append("\n\n");
    }
}

using System.Diagnostics.CodeAnalysis;
using System.Text;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Worker.Email;

/// <summary>What an email carries besides its digest: everything that is fixed before the first attempt, so that a re-send is the same mail.</summary>
/// <param name="MessageId">From <see cref="EmailIdentity.MessageId"/>.</param>
/// <param name="ThreadRoot">From <see cref="EmailIdentity.ThreadRoot"/>; null for a digest, which belongs to no one conversation.</param>
/// <param name="InReplyTo">The Message-ID of the email before this one about the same conversation, or null.</param>
/// <param name="From">The site's sender; its display name is replaced.</param>
/// <param name="To">From <see cref="TryReadRecipient"/>.</param>
/// <param name="Unsubscribe">The ways out.</param>
/// <param name="Date">When the email was decided.</param>
public sealed record EmailEnvelope(
    string MessageId, string? ThreadRoot, string? InReplyTo, MailboxAddress From, MailboxAddress To, UnsubscribeWays Unsubscribe, DateTimeOffset Date)
{
    /// <returns>False where the address is no RFC 5321 Mailbox: <see cref="AddressFault.Malformed"/>.</returns>
    public static bool TryReadRecipient(EmailRecipient recipient, [NotNullWhen(true)] out MailboxAddress? mailbox)
    {
        mailbox = null;
        // The parser takes what RFC 5322 allows, among it comments, names and routes; an address from a site is nothing but an address.
        if (!MailboxAddress.TryParse(recipient.Address, out var parsed) || parsed.Domain.Length == 0 || parsed.Address != recipient.Address)
            return false;
        // RFC 5321 section 4.5.3.1: no server is to be asked about more.
        if (Encoding.UTF8.GetByteCount(parsed.LocalPart) > 64 || Encoding.UTF8.GetByteCount(parsed.Address) > 254)
            return false;
        // Nothing in it that cannot be seen, or turns round what stands beside it.
        if (UserText.Line(parsed.Address, 254) != parsed.Address)
            return false;
        mailbox = new MailboxAddress(UserText.Header(recipient.Name, 80), parsed.Address);
        return true;
    }
}

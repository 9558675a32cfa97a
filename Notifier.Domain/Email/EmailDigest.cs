namespace Notifier.Domain.Email;

/// <summary>What one email tells one person: the conversations they have not looked at.</summary>
/// <param name="SiteName">The site's own name, as people know it; user-visible.</param>
/// <param name="Recipient">Who is told.</param>
/// <param name="Conversations">At least one. One is written as a conversation email, more as a digest.</param>
public sealed record EmailDigest(string SiteName, EmailRecipient Recipient, IReadOnlyList<DigestConversation> Conversations)
{
    /// <summary>All unseen messages, shown or not.</summary>
    public int Unseen => Conversations.Sum(conversation => conversation.Unseen);
}

/// <param name="Address">An RFC 5321 Mailbox, as the site gave it; not yet checked.</param>
/// <param name="Name">The display name, or null.</param>
/// <param name="Locale">A BCP 47 tag such as <c>fr-CA</c>, or null for the site's default.</param>
public sealed record EmailRecipient(string Address, string? Name, string? Locale);

/// <param name="Id">The conversation's id within its site.</param>
/// <param name="Title">What the site calls it, or null (most direct conversations have none).</param>
/// <param name="Url">Where it opens; written only where it is an absolute http or https URL.</param>
/// <param name="Unseen">How many messages are unseen, at least <c>Newest.Count</c>.</param>
/// <param name="Newest">The newest of them, oldest first, at most <see cref="MostShown"/>.</param>
public sealed record DigestConversation(string Id, string? Title, string? Url, int Unseen, IReadOnlyList<DigestMessage> Newest)
{
    /// <summary>An email shows this many messages of a conversation and counts the others.</summary>
    public const int MostShown = 10;

    /// <summary>The unseen messages that are counted, not shown: "and 20 more".</summary>
    public int NotShown => Math.Max(0, Unseen - Newest.Count);
}

/// <param name="Seq">Rises within the conversation.</param>
/// <param name="SenderName">The display name of its sender: text of a user.</param>
/// <param name="Text">Text of a user, or null where the message is sealed and must not be shown outside the site.</param>
/// <param name="SentAt">When the site took it.</param>
public sealed record DigestMessage(long Seq, string SenderName, string? Text, DateTimeOffset SentAt);

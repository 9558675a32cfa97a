namespace Notifier.Domain.Email;

/// <summary>What one email tells one person: the conversations they have not looked at.</summary>
/// <param name="SiteName">The site's own name, as people know it; user-visible.</param>
/// <param name="Recipient">Who is told.</param>
/// <param name="Conversations">At least one. One is written as a conversation email, more as a digest.</param>
public sealed record EmailDigest(string SiteName, EmailRecipient Recipient, IReadOnlyList<DigestConversation> Conversations)
{
    /// <summary>The site's id, by which its own templates are found; empty: it has none.</summary>
    public string Site { get; init; } = "";

    /// <summary>The site's own BCP 47 tag, for people whose language nobody knows; null: the default of the installation.</summary>
    public string? SiteLocale { get; init; }

    /// <summary>How much the site lets emails say; null: the default of the installation.</summary>
    public ContentLevel? Level { get; init; }

    /// <summary>All unseen messages, shown or not.</summary>
    public int Unseen => Conversations.Sum(conversation => conversation.Unseen);
}

/// <param name="Address">An RFC 5321 Mailbox, as the site gave it; not yet checked.</param>
/// <param name="Name">The display name, or null.</param>
/// <param name="Locale">A BCP 47 tag such as <c>fr-CA</c>, or null for the site's default.</param>
/// <param name="TimeZone">An IANA zone such as <c>Europe/Paris</c>, or null where the site does not know it.</param>
public sealed record EmailRecipient(string Address, string? Name, string? Locale, string? TimeZone = null);

/// <param name="Id">The conversation's id within its site.</param>
/// <param name="Title">What the site calls it, or null (most direct conversations have none).</param>
/// <param name="Url">Where it opens; written only where it is an absolute http or https URL.</param>
/// <param name="Unseen">How many messages are unseen, at least <c>Newest.Count</c>.</param>
/// <param name="Newest">The newest of them, oldest first, at most <see cref="MostShown"/>.</param>
public sealed record DigestConversation(string Id, string? Title, string? Url, int Unseen, IReadOnlyList<DigestMessage> Newest)
{
    /// <summary>An email shows this many messages of a conversation and counts the others.</summary>
    public const int MostShown = 10;

    /// <summary>It has more than two people in it: it is never named after who happened to write last.</summary>
    public bool Group { get; init; }

    /// <summary>The unseen messages that are counted, not shown: "and 20 more".</summary>
    public int NotShown => Math.Max(0, Unseen - Newest.Count);

    /// <summary>The level at which it is told, given the site's: what is sealed is counted and nothing else, whatever the site says.</summary>
    public ContentLevel LevelWithin(ContentLevel site) =>
        Newest.Count > 0 && Newest.All(message => message.Text is null) ? ContentLevel.CountOnly : site;
}

/// <param name="Seq">Rises within the conversation.</param>
/// <param name="SenderName">The display name of its sender: text of a user.</param>
/// <param name="Text">Text of a user, or null where the message is sealed and must not be shown outside the site.</param>
/// <param name="SentAt">When the site took it.</param>
public sealed record DigestMessage(long Seq, string SenderName, string? Text, DateTimeOffset SentAt);

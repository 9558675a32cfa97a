using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>The sentences of our mail. English; one place, so that other languages have one place to go.</summary>
internal static class EmailWording
{
    public const string Sealed = "This message can only be read on the site.";
    public const string SomeoneUnnamed = "Someone";

    public static string Name(DigestMessage message) => UserText.Line(message.SenderName) is { Length: > 0 } name ? name : SomeoneUnnamed;

    public static string Site(EmailDigest digest) => UserText.Line(digest.SiteName);

    /// <summary>Names the thread, not the moment: mail clients thread by a subject that does not change.</summary>
    public static string Subject(EmailDigest digest) => digest.Conversations is [var only]
        ? $"New messages {About(only, digest)}"
        : $"New messages in {digest.Conversations.Count} conversations on {Site(digest)}";

    /// <summary>"Ada via Acme" where all is from Ada; else "Acme".</summary>
    public static string FromName(EmailDigest digest) =>
        // A name with an address in it would be shown as the sender's address by many clients.
        OnlySender(digest.Conversations) is { } name && !name.AsSpan().ContainsAny('@', '\uFF20', '\uFE6B') ? $"{name} via {Site(digest)}" : Site(digest);

    public static string Heading(EmailDigest digest) => digest.Conversations is [var only]
        ? $"{Messages(only.Unseen)} {About(only, digest)}"
        : $"{Messages(digest.Unseen)} in {digest.Conversations.Count} conversations";

    public static string Heading(DigestConversation conversation) =>
        Title(conversation) ?? (OnlySender([conversation]) is { } name ? name : "Conversation");

    public static string Messages(int count) => count == 1 ? "1 new message" : $"{count} new messages";

    public static string Open(EmailDigest digest) => $"Open on {Site(digest)}";

    public static string Why(EmailDigest digest) => $"You get this email because you have unread messages on {Site(digest)}.";

    /// <summary>The newest thing said, which mail clients show beside the subject.</summary>
    public static string Preview(EmailDigest digest) =>
        digest.Conversations[0].Newest is [.., var last] ? $"{Name(last)}: {UserText.Line(last.Text ?? Sealed, 120)}" : "";

    private static string About(DigestConversation conversation, EmailDigest digest) =>
        Title(conversation) is { } title ? $"in {title}"
        : OnlySender([conversation]) is { } name ? $"from {name}"
        : $"on {Site(digest)}";

    private static string? Title(DigestConversation conversation) => UserText.Line(conversation.Title) is { Length: > 0 } title ? title : null;

    private static string? OnlySender(IEnumerable<DigestConversation> conversations)
    {
        var names = conversations.SelectMany(conversation => conversation.Newest).Select(Name).Distinct().Take(2).ToList();
        return names is [var only] ? only : null;
    }
}

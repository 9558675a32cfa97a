using Notifier.Domain.Email;

namespace Notifier.Worker.Email.Templates;

/// <summary>Says a digest in one person's words: the model that both parts of a mail, its subject and its sender's name are written from.</summary>
internal sealed class EmailWriter(EmailDigest digest, ContentLevel level, Wording words)
{
    private readonly string _site = UserText.Line(digest.SiteName);

    /// <summary>Names the thread, not the moment: mail clients thread by a subject that does not change.</summary>
    public string Subject => UserText.Header((digest.Conversations is [var only]
        ? Title(only) is { } title ? words.Say("subjectIn", ("title", title))
            : !only.Group && OnlySender(only) is { } name ? words.Say("subjectFrom", ("name", name))
            : words.Say("subjectOn", ("site", _site))
        : words.Say("subjectDigest", ("count", digest.Conversations.Count), ("site", _site))).ToLine());

    /// <summary>"Ada via Acme" where all is from Ada; else "Acme".</summary>
    public string SenderName
    {
        get
        {
            var names = digest.Conversations.Select(OnlySender).Distinct().Take(2).ToArray();
            // A name with an address in it would be shown as the sender's address by many clients.
            var shown = names is [{ } name] && !name.AsSpan().ContainsAny('@', '\uFF20', '\uFE6B') ? words.Say("senderVia", ("name", name), ("site", _site)).ToLine() : _site;
            return UserText.Header(shown);
        }
    }

    public EmailModel Write(EmailEnvelope envelope, Room room)
    {
        var conversations = digest.Conversations.Take(room.Conversations).Select(c => Conversation(c, room)).ToArray();
        var hidden = digest.Conversations.Count - conversations.Length;
        return new EmailModel(
            digest.Conversations.Count == 1 ? "conversation" : "digest", Name(level), words.Tag, words.Direction, words.RightToLeft ? "right" : "left",
            new SiteModel(digest.Site, _site), new RecipientModel(UserText.Line(digest.Recipient.Name)), Subject, digest.Unseen, Heading(), Preheader(),
            conversations, hidden == 0 ? null : words.Say("moreConversations", ("count", hidden), ("site", _site)),
            new WordsModel(words.Say("open", ("site", _site)), words.Say("why", ("site", _site)), words.Say("settings"), words.Say("unsubscribe")),
            new LinksModel(envelope.Unsubscribe.OneClick.AbsoluteUri, envelope.Unsubscribe.Settings.AbsoluteUri));
    }

    private ConversationModel Conversation(DigestConversation conversation, Room room)
    {
        var its = conversation.LevelWithin(level);
        var readable = conversation.Newest.Where(m => m.Text is not null).ToArray();
        var shown = its == ContentLevel.Full ? readable.TakeLast(room.Messages).Select(m => Message(m, room)).ToArray() : [];
        var isSealed = conversation.Newest.Count - readable.Length;
        var more = conversation.Unseen - shown.Length - isSealed;
        return new ConversationModel(
            Name(its), Title(conversation) ?? Named(conversation), Title(conversation), conversation.Unseen,
            words.Say("messages", ("count", conversation.Unseen)), WebLink.From(conversation.Url), shown,
            its == ContentLevel.SenderOnly ? [.. Senders(conversation)] : [],
            its == ContentLevel.Full && more > 0 ? words.Say("more", ("count", more)) : null,
            isSealed == 0 ? null : words.Say("onlyOnSite", ("count", readable.Length == 0 ? conversation.Unseen : isSealed)));
    }

    private MessageModel Message(DigestMessage message, Room room)
    {
        var text = UserText.Block(message.Text, room.Characters);
        return new MessageModel(Sender(message), text, text.Split('\n'), MessageTime.Write(message.SentAt, digest.Recipient.TimeZone, words));
    }

    private Phrase Heading()
    {
        if (digest.Conversations is not [var only])
            return words.Say("messagesDigest", ("messages", words.Say("messages", ("count", digest.Unseen))), ("count", digest.Conversations.Count));
        var count = ("count", (object)only.Unseen);
        return Title(only) is { } title ? words.Say("messagesIn", count, ("title", title))
            : OnlySender(only) is { } name ? words.Say("messagesFrom", count, ("name", name))
            : words.Say("messagesOn", count, ("site", _site));
    }

    // The newest thing said, of the first conversation that lets anything be said.
    private Phrase? Preheader() => digest.Conversations
        .Where(c => c.LevelWithin(level) == ContentLevel.Full).Select(c => c.Newest.LastOrDefault(m => m.Text is not null)).FirstOrDefault(m => m is not null) is { } last
        ? words.Say("preheader", ("name", Sender(last)), ("text", UserText.Line(last.Text, 120)))
        : null;

    private string? Title(DigestConversation conversation) =>
        conversation.LevelWithin(level) == ContentLevel.Full && UserText.Line(conversation.Title) is { Length: > 0 } title ? title : null;

    private string? OnlySender(DigestConversation conversation) =>
        conversation.LevelWithin(level) != ContentLevel.CountOnly && Senders(conversation).Take(2).ToArray() is [var only] ? only : null;

    // By who wrote in it, as long as a line has room for them.
    private string Named(DigestConversation conversation) => conversation.LevelWithin(level) != ContentLevel.CountOnly && Senders(conversation).Take(4).ToArray() is { Length: <= 3 } names
        ? names.DefaultIfEmpty("").Aggregate((all, name) => words.Say("names", ("names", all), ("name", name)).ToLine()) : words.Say("conversation").ToLine();

    private IEnumerable<string> Senders(DigestConversation conversation) => conversation.Newest.Select(Sender).Distinct();

    private string Sender(DigestMessage message) => UserText.Line(message.SenderName) is { Length: > 0 } name ? name : words.Say("someone").ToLine();

    private static string Name(ContentLevel level) => level switch
    {
        ContentLevel.Full => "full",
        ContentLevel.SenderOnly => "sender_only",
        _ => "count_only",
    };
}

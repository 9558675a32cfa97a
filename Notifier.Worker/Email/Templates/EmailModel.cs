namespace Notifier.Worker.Email.Templates;

/// <summary>
/// What a template may say; docs/email.md lists it for who writes one. Members are named in Liquid as in <c>more_conversations</c>. A string is text of others, cleaned
/// and cut; a <see cref="Phrase"/> a sentence in the person's language.
/// </summary>
/// <param name="Kind"><c>conversation</c> or <c>digest</c>.</param>
/// <param name="Level"><c>full</c>, <c>sender_only</c> or <c>count_only</c>: the site's.</param>
/// <param name="Language">A BCP 47 tag, for <c>lang</c>.</param>
/// <param name="Direction"><c>ltr</c> or <c>rtl</c>, for <c>dir</c>.</param>
/// <param name="Start"><c>left</c> or <c>right</c>: where a line begins.</param>
/// <param name="Unseen">All unseen messages.</param>
/// <param name="Preheader">What mail clients show beside the subject; null where nothing may be said.</param>
/// <param name="MoreConversations">"and 3 more conversations on Acme"; null where all are shown.</param>
internal sealed record EmailModel(
    string Kind, string Level, string Language, string Direction, string Start, SiteModel Site, RecipientModel Recipient, string Subject, int Unseen, Phrase Heading,
    Phrase? Preheader, IReadOnlyList<ConversationModel> Conversations, Phrase? MoreConversations, WordsModel Words, LinksModel Links);

internal sealed record SiteModel(string Id, string Name);

/// <param name="Name">Empty where the site does not know it.</param>
internal sealed record RecipientModel(string Name);

/// <param name="Level">As <see cref="EmailModel.Level"/>; it may say less than the site's.</param>
/// <param name="Heading">Its title, or who wrote, or "Conversation".</param>
/// <param name="Title">Null where it has none or it may not be said.</param>
/// <param name="Count">How many messages are unseen.</param>
/// <param name="Unseen">The same in words: "3 new messages".</param>
/// <param name="Url">An http or https URL, or null.</param>
/// <param name="Messages">The newest, oldest first; empty unless <see cref="Level"/> is <c>full</c>.</param>
/// <param name="Senders">Who wrote; empty unless <see cref="Level"/> is <c>sender_only</c>.</param>
/// <param name="More">"and 20 more", or null.</param>
/// <param name="Note">"2 messages can only be read on the site.", or null.</param>
internal sealed record ConversationModel(
    string Level, string Heading, string? Title, int Count, Phrase Unseen, string? Url, IReadOnlyList<MessageModel> Messages, IReadOnlyList<string> Senders, Phrase? More, Phrase? Note);

/// <param name="Text">With LF where the sender broke the line.</param>
/// <param name="Lines">The same, line by line.</param>
/// <param name="Time">In the person's time zone and language.</param>
internal sealed record MessageModel(string Sender, string Text, IReadOnlyList<string> Lines, string Time);

internal sealed record WordsModel(Phrase Open, Phrase Why, Phrase Settings, Phrase Unsubscribe);

/// <param name="Unsubscribe">Shows a form.</param>
/// <param name="Settings">The page with all choices.</param>
internal sealed record LinksModel(string Unsubscribe, string Settings);

using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email.Templates;

public sealed class ContentLevelTests
{
    private static readonly DigestConversation Conversation =
        Mails.Conversation(12, Mails.Message("Is it still available?"), Mails.Message("Hello?", seq: 2)) with { Title = "Order 1042" };

    [Fact]
    public void Full_says_all() => Says(Write(ContentLevel.Full, Conversation), "Ada via Acme", "New messages in Order 1042", "Ada", "Order 1042", "Hello?", "and 10 more");

    [Fact]
    public void Sender_only_says_who_and_how_many()
    {
        var mail = Write(ContentLevel.SenderOnly, Conversation);

        Says(mail, "Ada via Acme", "New messages from Ada", "Ada", "12 new messages");
        SaysNothingOf(mail, "Order 1042", "Hello?", "available");
    }

    [Fact]
    public void Count_only_says_how_many()
    {
        var mail = Write(ContentLevel.CountOnly, Conversation);

        Says(mail, "Acme", "New messages on Acme", "12 new messages", "https://acme.example/messages/c-9");
        SaysNothingOf(mail, "Ada", "Order 1042", "Hello?", "available");
    }

    [Fact]
    public void What_is_sealed_is_count_only_by_itself()
    {
        var mail = Write(ContentLevel.Full, Mails.Conversation(3, new DigestMessage(1, "Ada", null, Mails.Noon), new DigestMessage(2, "Ada", null, Mails.Noon)) with { Title = "Order 1042" });

        Says(mail, "Acme", "New messages on Acme", "3 new messages", "3 messages can only be read on the site");
        SaysNothingOf(mail, "Ada", "Order 1042");
    }

    [Fact]
    public void Of_a_conversation_that_is_sealed_in_part_the_rest_is_shown_and_all_is_counted()
    {
        var mail = Write(ContentLevel.Full, Mails.Conversation(5, Mails.Message("Hello?"), new DigestMessage(2, "Ada", null, Mails.Noon)));

        Says(mail, "Ada via Acme", "New messages from Ada", "5 new messages", "Hello?", "and 3 more", "1 message can only be read on the site");
    }

    [Fact]
    public void One_conversation_of_a_digest_may_say_less_than_another()
    {
        var mail = Write(ContentLevel.Full, Conversation, Mails.Conversation(1, new DigestMessage(1, "Eve", null, Mails.Noon)) with { Title = "Secret" });

        Says(mail, "Acme", "New messages in 2 conversations on Acme", "Order 1042", "Hello?", "1 message can only be read");
        SaysNothingOf(mail, "Eve", "Secret");
    }

    [Fact]
    public void A_site_says_less_than_the_installation_or_more()
    {
        var composer = Mails.Composer(new EmailOptions { Content = ContentLevel.CountOnly });

        Assert.Equal("New messages on Acme", composer.Compose(Mails.Digest(Conversation), Mails.Envelope).Subject);
        Assert.Equal("New messages in Order 1042", composer.Compose(Mails.Digest(Conversation) with { Level = ContentLevel.Full }, Mails.Envelope).Subject);
    }

    [Fact]
    public void The_subject_of_a_group_does_not_change_with_who_wrote_last()
    {
        var ada = Write(ContentLevel.Full, Mails.Conversation(1, Mails.Message("Hi")) with { Group = true });
        var both = Write(ContentLevel.Full, Mails.Conversation(2, Mails.Message("Hi"), Mails.Message("Ho", "Eve")) with { Group = true });

        Assert.Equal("New messages on Acme", ada.Subject);
        Assert.Equal(ada.Subject, both.Subject);
    }

    private static void Says(MimeMessage mail, string from, string subject, params string[] words)
    {
        Assert.Equal((from, subject), (mail.From.Mailboxes.Single().Name, mail.Subject));
        Assert.All(words, word => Assert.Contains(word, mail.TextBody, StringComparison.Ordinal));
        Assert.All(words, word => Assert.Contains(word, mail.HtmlBody, StringComparison.Ordinal));
    }

    private static void SaysNothingOf(MimeMessage mail, params string[] words)
    {
        Assert.All(words, word => Assert.DoesNotContain(word, mail.ToString(), StringComparison.Ordinal));
        Assert.All(words, word => Assert.DoesNotContain(word, mail.TextBody, StringComparison.Ordinal));
        Assert.All(words, word => Assert.DoesNotContain(word, mail.HtmlBody, StringComparison.Ordinal));
    }

    private static MimeMessage Write(ContentLevel level, params DigestConversation[] conversations) =>
        Mails.Received(Mails.Compose(Mails.Digest(conversations) with { Level = level }, Mails.Envelope));
}

using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

public sealed class EmailComposerTests
{
    [Fact]
    public void The_headers_identify_thread_and_offer_a_way_out()
    {
        var mail = Mails.Received(Mails.Simple());

        Assert.Equal("e7.1@acme.example", mail.MessageId);
        Assert.Equal(Mails.Noon, mail.Date);
        Assert.Equal("\"Ada via Acme\" <hello@acme.example>", mail.From.ToString());
        Assert.Equal("\"Bob\" <bob@example.org>", mail.To.ToString());
        Assert.Equal("New messages from Ada", mail.Subject);
        Assert.Equal(["c0ffee@acme.example"], mail.References);
        Assert.Equal("c0ffee@acme.example", mail.InReplyTo);
        Assert.Equal("auto-generated", mail.Headers[HeaderId.AutoSubmitted]);
        Assert.Equal("<unread.acme.acme.example>", mail.Headers[HeaderId.ListId]);
        Assert.Equal("conversation:acme:unread:54667cc7be62", mail.Headers["Feedback-ID"]);
        Assert.Equal("List-Unsubscribe=One-Click", mail.Headers[HeaderId.ListUnsubscribePost]);
        Assert.Equal(
            "<https://notifier.acme.example/unsubscribe/abc>, <mailto:hello@acme.example?subject=unsubscribe%20abc>",
            mail.Headers[HeaderId.ListUnsubscribe]);
    }

    [Fact]
    public void A_long_unsubscribe_link_survives_folding()
    {
        var link = new Uri("https://notifier.acme.example/unsubscribe/" + new string('x', 300));
        var envelope = Mails.Envelope with { Unsubscribe = Mails.Unsubscribe with { OneClick = link } };

        var mail = Mails.Received(Mails.Compose(Mails.Digest(Mails.Conversation(1, Mails.Message("Hi"))), envelope));

        Assert.StartsWith($"<{link}>, <mailto:", mail.Headers[HeaderId.ListUnsubscribe], StringComparison.Ordinal);
    }

    [Fact]
    public void A_later_email_names_the_root_first_and_answers_the_one_before()
    {
        var envelope = Mails.Envelope with { MessageId = "<e7.2@acme.example>", InReplyTo = "<e7.1@acme.example>" };

        var mail = Mails.Received(Mails.Compose(Mails.Digest(Mails.Conversation(1, Mails.Message("Hi"))), envelope));

        Assert.Equal(["c0ffee@acme.example", "e7.1@acme.example"], mail.References);
        Assert.Equal("e7.1@acme.example", mail.InReplyTo);
    }

    [Fact]
    public void A_digest_belongs_to_no_thread()
    {
        var mail = Mails.Received(Mails.Compose(
            Mails.Digest(Mails.Conversation(2, Mails.Message("Hi")), Mails.Conversation(3, Mails.Message("Ho", "Eve"))),
            Mails.Envelope with { ThreadRoot = null }));

        Assert.Empty(mail.References);
        Assert.Null(mail.InReplyTo);
        Assert.Equal("New messages in 2 conversations on Acme", mail.Subject);
        Assert.Equal("Acme", Assert.Single(mail.From.Mailboxes).Name);
        Assert.Contains("5 new messages in 2 conversations", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("5 new messages in 2 conversations", mail.HtmlBody, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_parts_count_all_show_the_newest_in_order_and_link_to_the_conversation()
    {
        var newest = Enumerable.Range(21, 10).Select(i => Mails.Message($"text {i}.", seq: i)).ToArray();

        var mail = Mails.Received(Mails.Compose(Mails.Digest(Mails.Conversation(30, newest)), Mails.Envelope));

        foreach (var body in new[] { mail.TextBody!, Words(mail.HtmlBody!) })
        {
            Assert.Contains("30 new messages from Ada", body, StringComparison.Ordinal);
            Assert.Contains("and 20 more", body, StringComparison.Ordinal);
            Assert.Contains("https://acme.example/messages/c-9", body, StringComparison.Ordinal);
            var places = newest.Select(message => body.LastIndexOf(message.Text!, StringComparison.Ordinal)).ToList();
            Assert.DoesNotContain(-1, places);
            Assert.Equal(places.Order(), places);
        }
    }

    [Theory]
    [InlineData("Order 1042", "New messages in Order 1042")]
    [InlineData("", "New messages from Ada")]
    [InlineData(null, "New messages from Ada")]
    [InlineData("Order\r\nBcc: eve@example.org", "New messages in Order  Bcc: eve@example.org")]
    public void The_subject_names_the_conversation(string? title, string subject) =>
        Assert.Equal(subject, Compose(Mails.Conversation(1, Mails.Message("Hi")) with { Title = title }).Subject);

    [Theory]
    [InlineData("Ada", "Ada via Acme")]
    [InlineData("", "Someone via Acme")]
    [InlineData("support@bank.example", "Acme")]
    [InlineData("support\uFF20bank.example", "Acme")]
    [InlineData("\u202Eada\u0000", "ada via Acme")]
    public void The_sender_is_shown_as_one_of_the_site_and_never_as_an_address(string sender, string shown) =>
        Assert.Equal(shown, Assert.Single(Compose(Mails.Conversation(1, Mails.Message("Hi", sender))).From.Mailboxes).Name);

    [Fact]
    public void Two_senders_are_shown_as_the_site() =>
        Assert.Equal("Acme", Assert.Single(Compose(Mails.Conversation(2, Mails.Message("Hi"), Mails.Message("Ho", "Eve"))).From.Mailboxes).Name);

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("//acme.example/x")]
    [InlineData("https://acme.example@evil.example/")]
    [InlineData(null)]
    public void A_link_that_is_not_plain_http_is_left_out(string? url)
    {
        var mail = Compose(Mails.Conversation(1, Mails.Message("Hi")) with { Url = url });

        Assert.DoesNotContain("Open", mail.TextBody, StringComparison.Ordinal);
        Assert.DoesNotContain("Open on", mail.HtmlBody, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_cannot_leave_its_attribute()
    {
        var mail = Compose(Mails.Conversation(1, Mails.Message("Hi")) with { Url = "https://acme.example/\"onclick=\"alert(1)" });

        Assert.Contains("href=\"https://acme.example/%22onclick=%22alert(1)\"", mail.HtmlBody, StringComparison.Ordinal);
    }

    [Fact]
    public void A_sealed_message_is_counted_and_not_shown()
    {
        var mail = Compose(Mails.Conversation(1, new DigestMessage(1, "Ada", null, Mails.Noon)));

        Assert.Contains("can only be read on the site", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("can only be read on the site", mail.HtmlBody, StringComparison.Ordinal);
    }

    [Fact]
    public void Line_breaks_of_a_message_stay_and_a_very_long_one_is_cut_between_characters()
    {
        var families = string.Concat(Enumerable.Repeat("👩‍👩‍👧", 400));
        var mail = Compose(Mails.Conversation(2, Mails.Message("one\r\ntwo"), Mails.Message(families, seq: 2)));

        Assert.Contains("one<br>two", mail.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("👩‍👩‍👧…", mail.TextBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bob@example.org", true)]
    [InlineData("jörg@example.org", true)]
    [InlineData("bob@bücher.example", true)]
    [InlineData("bob", false)]
    [InlineData("", false)]
    [InlineData("Bob <bob@example.org>", false)]
    [InlineData("bob@example.org, eve@example.org", false)]
    [InlineData("bob@example.org\r\nRCPT TO:<eve@example.org>", false)]
    [InlineData("bob@example.org\0", false)]
    [InlineData("bob@", false)]
    [InlineData("b\u202Eob@example.org", false)]
    [InlineData("a234567890b234567890c234567890d234567890e234567890f234567890g2345@example.org", false)]
    public void Only_a_bare_mailbox_is_an_address(string address, bool good) =>
        Assert.Equal(good, EmailEnvelope.TryReadRecipient(new EmailRecipient(address, null, null), out _));

    // Without the marks that keep a name's direction to itself.
    private static string Words(string html) => html.Replace("<bdi>", "", StringComparison.Ordinal).Replace("</bdi>", "", StringComparison.Ordinal);

    private static MimeMessage Compose(DigestConversation conversation) =>
        Mails.Received(Mails.Compose(Mails.Digest(conversation), Mails.Envelope));
}

using CsCheck;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

/// <summary>Whatever users call themselves and write: it stays text.</summary>
public sealed class EmailInjectionTests
{
    // What hurts where it is not taken care of, among what is ordinary.
    private static readonly string[] Pieces =
    [
        "\r\nBcc: eve@example.org", "\r\n\r\n<script>alert(1)</script>", "\n.\n", "\r", "\n", "\0", "\u202E", "\u2066", "\u2028", "\u0085", "\uD800",
        "<script>", "</div>", "<img src=x onerror=alert(1)>", "\"", "'", "&lt;", "&", "=?utf-8?q?=0D=0ABcc:_eve?=", "=0D=0A", "@", "<", ">", ",", ";",
        "{0}", "{{x}}", "é", "日本", "👩‍👩‍👧", "Ada", " ", "a long word that makes folding necessary at some point ",
    ];

    private static readonly Gen<string> Hostile = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 12].Select(string.Concat);

    private static readonly string[] Expected =
    [
        "From", "To", "Message-Id", "Date", "Subject", "References", "In-Reply-To", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Feedback-ID",
        "MIME-Version", "Content-Type",
    ];

    private static readonly Gen<EmailDigest> Digests =
        // An operator may have an @ in the site's name.
        from site in Hostile.Select(text => text.Replace("@", "", StringComparison.Ordinal))
        from name in Hostile
        from title in Hostile
        from url in Hostile
        from messages in (from sender in Hostile from text in Hostile select (sender, text)).Array[1, 3]
        select new EmailDigest($"Acme{site}", new EmailRecipient("bob@example.org", name, null),
        [
            new DigestConversation("c", title, $"https://acme.example/{url}", messages.Length,
                [.. messages.Select((message, i) => new DigestMessage(i, message.sender, message.text, Mails.Noon))]),
        ]);

    [Fact]
    public void No_header_is_ever_added_and_no_part_either() => Digests.Sample(digest =>
    {
        using var bytes = new MemoryStream();
        Compose(digest).WriteTo(bytes, TestContext.Current.CancellationToken);
        bytes.Position = 0;
        var fields = HeaderList.Load(bytes, TestContext.Current.CancellationToken).Select(header => header.Field);
        bytes.Position = 0;
        var mail = MimeMessage.Load(bytes, TestContext.Current.CancellationToken);

        Assert.Equal(Expected.Order(), fields.Order());
        Assert.Equal("hello@acme.example", Assert.Single(mail.From.Mailboxes).Address);
        Assert.Equal("bob@example.org", Assert.Single(mail.To.Mailboxes).Address);
        Assert.Equal(["text/plain", "text/html"], mail.BodyParts.Select(part => part.ContentType.MimeType));
    });

    [Fact]
    public void No_header_hides_a_control_or_a_change_of_direction() => Digests.Sample(digest =>
    {
        var mail = Mails.Received(Compose(digest));

        foreach (var shown in new[] { mail.Subject, mail.From.Mailboxes.Single().Name, mail.To.Mailboxes.Single().Name })
            Assert.DoesNotContain(shown ?? "", c => char.IsControl(c) || c is '\u202E' or '\u2066' or '\u2028');
        Assert.DoesNotContain('@', mail.From.Mailboxes.Single().Name!);
    });

    [Fact]
    public void No_markup_of_a_user_reaches_the_html() => Digests.Sample(digest =>
    {
        var html = Mails.Received(Compose(digest)).HtmlBody!;

        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        // As many tags as a mail of the same shape has that says nothing.
        Assert.Equal(Tags(Mails.Received(Compose(Harmless(digest))).HtmlBody!), Tags(html));
    });

    private static MimeMessage Compose(EmailDigest digest)
    {
        Assert.True(EmailEnvelope.TryReadRecipient(digest.Recipient, out var to));
        return Mails.Compose(digest, Mails.Envelope with { To = to });
    }

    private static EmailDigest Harmless(EmailDigest digest) => digest with
    {
        Conversations = [.. digest.Conversations.Select(conversation => conversation with
        {
            Url = WebLink.From(conversation.Url),
            Newest = [.. conversation.Newest.Select(message => message with { Text = "x", SenderName = "x" })],
        })],
    };

    private static IEnumerable<string> Tags(string html) => html.Split('<').Skip(1)
        .Select(tag => tag.Split(' ', '>')[0]).Where(tag => tag != "br").Order();
}

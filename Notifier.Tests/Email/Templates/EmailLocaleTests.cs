using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Templates;
using Xunit;

namespace Notifier.Tests.Email.Templates;

/// <summary>Whose language an email is in, and whose clock it goes by.</summary>
public sealed class EmailLocaleTests
{
    [Theory]
    [InlineData("fr-CA", "fr-CA fr")]
    [InlineData("pt_br", "pt-BR pt")]
    [InlineData("ZH-hant-tw", "zh-Hant-TW zh-Hant zh")]
    [InlineData("de", "de")]
    [InlineData("", "")]
    [InlineData(null, "")]
    [InlineData("../../etc", "")]
    [InlineData("de-", "")]
    [InlineData("französisch", "")]
    [InlineData("en\r\nBcc: eve@example.org", "")]
    public void A_tag_falls_back_to_its_language(string? tag, string chain) => Assert.Equal(chain, string.Join(' ', LocaleTag.Chain(tag)));

    [Theory]
    [InlineData("de-AT", null, "de", "Neue Nachrichten von Ada")]
    [InlineData("fr-CA", null, "fr", "Nouveaux messages de Ada")]
    [InlineData("es-MX", null, "es", "Mensajes nuevos de Ada")]
    [InlineData("pt-BR", null, "pt", "Novas mensagens de Ada")]
    [InlineData("ja-JP", null, "ja", "Adaさんからの新着メッセージ")]
    [InlineData("ar-EG", null, "ar", "رسائل جديدة من Ada")]
    [InlineData("tlh", "de", "de", "Neue Nachrichten von Ada")]
    [InlineData("tlh", "x", "en", "New messages from Ada")]
    [InlineData(null, "ja", "ja", "Adaさんからの新着メッセージ")]
    [InlineData("!", null, "en", "New messages from Ada")]
    public void The_persons_language_then_the_sites_then_english(string? locale, string? sites, string language, string subject)
    {
        var mail = Write(Mails.Digest(Mails.Conversation(1, Mails.Message("Hi"))) with { SiteLocale = sites, Recipient = new EmailRecipient("bob@example.org", "Bob", locale) });

        Assert.Equal(subject, mail.Subject);
        Assert.Contains($"<html lang=\"{language}\"", mail.HtmlBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("en-US", "Europe/Paris", "November 24, 1:01\u00A0PM")]
    [InlineData("en-GB", "Asia/Kolkata", "24 November, 17:31")]
    [InlineData("fr", "Europe/Paris", "24 novembre, 13:01")]
    [InlineData("de", "America/New_York", "24. November, 07:01")]
    [InlineData("ja", "Pacific/Auckland", "11月25日 1:01")]
    [InlineData("de", null, "24. November, 12:01 UTC")]
    [InlineData("de", "Mars/Olympus", "24. November, 12:01 UTC")]
    [InlineData("de", "../../etc/passwd", "24. November, 12:01 UTC")]
    public void Times_are_those_of_the_reader(string locale, string? zone, string time)
    {
        var mail = Write(Mails.Digest(Mails.Conversation(1, Mails.Message("Hi"))) with { Recipient = new EmailRecipient("bob@example.org", "Bob", locale, zone) });

        Assert.Contains($"Ada, {time}:", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains(time.Replace("\u00A0", "&#xA0;", StringComparison.Ordinal), mail.HtmlBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "رسالة جديدة واحدة من Ada")]
    [InlineData(2, "رسالتان جديدتان من Ada")]
    [InlineData(5, "5 رسائل جديدة من Ada")]
    [InlineData(11, "11 رسالة جديدة من Ada")]
    [InlineData(100, "100 رسالة جديدة من Ada")]
    public void Arabic_counts_as_arabic_does(int unseen, string heading)
    {
        var mail = Write(Mails.Digest(Mails.Conversation(unseen, Mails.Message("Hi"))) with { Recipient = new EmailRecipient("bob@example.org", "Bob", "ar") });

        Assert.Contains(heading.Replace("Ada", "<bdi>Ada</bdi>", StringComparison.Ordinal), mail.HtmlBody, StringComparison.Ordinal);
        // What <bdi> is in text/plain.
        Assert.StartsWith(heading.Replace("Ada", "\u2068Ada\u2069", StringComparison.Ordinal), mail.TextBody, StringComparison.Ordinal);
    }

    [Fact]
    public void What_runs_from_right_to_left_does_so_and_names_keep_to_themselves()
    {
        var arabic = Write(Mails.Digest(Mails.Conversation(1, Mails.Message("Hi"))) with { Recipient = new EmailRecipient("bob@example.org", "Bob", "ar") });
        var english = Write(Mails.Digest(Mails.Conversation(1, Mails.Message("Hi", "עדה"))));

        Assert.Contains("<html lang=\"ar\" dir=\"rtl\">", arabic.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("align=\"right\"", arabic.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("align=\"left\"", arabic.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("dir=\"ltr\"", english.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("from <bdi>עדה</bdi>", english.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("from \u2068עדה\u2069", english.TextBody, StringComparison.Ordinal);
        Assert.Equal("New messages from עדה", english.Subject);
    }

    private static MimeMessage Write(EmailDigest digest) => Mails.Received(Mails.Compose(digest, Mails.Envelope));
}

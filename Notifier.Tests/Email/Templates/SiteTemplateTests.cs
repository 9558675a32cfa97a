using Microsoft.Extensions.Logging;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Templates;
using Xunit;

namespace Notifier.Tests.Email.Templates;

public sealed class SiteTemplateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("templates").FullName;
    private readonly Complaints _complaints = new();
    private readonly EmailComposer _composer;

    public SiteTemplateTests() => _composer = Mails.Composer(new EmailOptions { TemplateFolder = _folder }, _complaints);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_most_exact_file_is_used_and_each_part_falls_back_on_its_own()
    {
        Put("acme/html.liquid", "<p>all</p>");
        Put("acme/fr/html.liquid", "<p>fr</p>");
        Put("acme/fr-CA/html.liquid", "<p>fr-CA</p>");
        Put("acme/de/words.json", """{ "subjectFrom": "Post von {name}" }""");
        Put("other/html.liquid", "<p>other</p>");

        Assert.Equal(("<p>fr-CA</p>", "<p>fr</p>", "<p>all</p>", "<p>all</p>"), (Write("fr-CA").HtmlBody, Write("fr-FR").HtmlBody, Write("de").HtmlBody, Write(null).HtmlBody));
        Assert.Equal(("Post von Ada", "Nouveaux messages de Ada"), (Write("de-CH").Subject, Write("fr").Subject));
        Assert.StartsWith("1 neue Nachricht von Ada", Write("de").TextBody, StringComparison.Ordinal);
        Assert.Contains("<!doctype html>", Write("de", site: "elsewhere").HtmlBody, StringComparison.Ordinal);
        Assert.Empty(_complaints.Lines);
    }

    [Fact]
    public void A_language_that_is_not_shipped_needs_words_only()
    {
        Put("acme/nl/words.json", """{ "subjectFrom": "Nieuwe berichten van {name}", "messagesFrom": { "one": "{count} nieuw bericht van {name}", "other": "{count} nieuwe berichten van {name}" } }""");

        var mail = Write("nl-BE", zone: "Europe/Brussels");

        Assert.Equal("Nieuwe berichten van Ada", mail.Subject);
        Assert.Contains("1 nieuw bericht van", mail.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("24 november, 13:01", mail.HtmlBody, StringComparison.Ordinal);
        Assert.Contains("Unsubscribe", mail.HtmlBody, StringComparison.Ordinal); // what it does not say is said in English
    }

    [Fact]
    public void All_of_the_model_can_be_said_and_is_escaped_in_html_only()
    {
        const string Template =
            """
            {{ kind }} {{ level }} {{ language }} {{ direction }} {{ start }} {{ site.id }} {{ site.name }} {{ recipient.name }} {{ subject }} {{ unseen }} {{ heading }} {{ preheader }}
            {% for c in conversations %}{{ c.level }} {{ c.heading }} {{ c.title }} {{ c.count }} {{ c.unseen }} {{ c.url }} {{ c.more }} {{ c.note }}
            {% for m in c.messages %}{{ m.sender }} {{ m.text }} {{ m.lines | size }} {{ m.time }}{% endfor %}{% endfor %}
            {{ words.open }} {{ words.why }} {{ words.settings }} {{ words.unsubscribe }} {{ links.unsubscribe }} {{ links.settings }}
            """;
        Put("acme/html.liquid", Template);
        Put("acme/text.liquid", Template);

        var mail = Write("en", sender: "<i>Ada</i>");

        Assert.Contains("conversation full en ltr left acme Acme Bob New messages from <i>Ada</i> 1 1 new message from <i>Ada</i> <i>Ada</i>: Hi", mail.TextBody, StringComparison.Ordinal);
        Assert.Contains("1 new message from <bdi>&lt;i&gt;Ada&lt;/i&gt;</bdi> <bdi>&lt;i&gt;Ada&lt;/i&gt;</bdi>: <bdi>Hi</bdi>", mail.HtmlBody, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>", mail.HtmlBody, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("html.liquid", "{% for %}")]
    [InlineData("html.liquid", "{% if x %}")]
    [InlineData("html.liquid", "{{ 'a' | ")]
    [InlineData("html.liquid", "{% for i in (1..2000000000) %}x{% endfor %}")]
    [InlineData("html.liquid", "{% for i in (1..5000) %}{% for j in (1..5000) %}{% for k in (1..5000) %}{% endfor %}{% endfor %}{% endfor %}")]
    [InlineData("html.liquid", "{% assign x = 'xxxxxxxxxx' %}{% for i in (1..60) %}{% assign x = x | append: x %}{% endfor %}{{ x }}")]
    [InlineData("html.liquid", "{% include 'html' %}")]
    [InlineData("html.liquid", "{{ 1 | divided_by: 0 }}")]
    [InlineData("text.liquid", "{% for %}")]
    [InlineData("words.json", "{")]
    [InlineData("words.json", "[]")]
    [InlineData("words.json", """{ "heading": 7 }""")]
    [InlineData("words.json", """{ "messages": { "one": "x" } }""")]
    [InlineData("words.json", """{ "messages": { "other": "x", "three": "y" } }""")]
    [InlineData("en/words.json", """{ "subjectFrom": "From {nobody}" }""")]
    [InlineData("en/words.json", """{ "why": null }""")]
    public void What_does_not_work_costs_its_look_and_never_the_mail(string file, string content)
    {
        Put($"acme/{file}", content);
        var shipped = Mails.Received(Mails.Compose(Digest("en"), Mails.Envelope));

        for (var i = 0; i < 3; i++)
        {
            var mail = Write("en");
            Assert.Equal((shipped.Subject, shipped.HtmlBody, shipped.TextBody), (mail.Subject, mail.HtmlBody, mail.TextBody));
        }
        Assert.Single(_complaints.Lines);
    }

    [Fact]
    public void A_mended_file_is_used_with_the_next_mail_and_a_broken_one_is_complained_about_anew()
    {
        Put("acme/html.liquid", "{% for %}");
        Write("en");
        Put("acme/html.liquid", "<p>mended</p>");

        Assert.Equal("<p>mended</p>", Write("en").HtmlBody);

        Put("acme/html.liquid", "{% if %}");
        Write("en");
        Assert.Equal(2, _complaints.Lines.Count);
        Assert.All(_complaints.Lines, line => Assert.Contains("html.liquid", line, StringComparison.Ordinal));
    }

    [Fact]
    public void One_that_is_too_long_whatever_it_is_given_is_not_used()
    {
        Put("acme/html.liquid", new string('x', 103_000));

        Assert.Contains("<!doctype html>", Write("en").HtmlBody, StringComparison.Ordinal);
        Assert.Single(_complaints.Lines);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../acme")]
    [InlineData("acme/")]
    [InlineData("/etc")]
    [InlineData("")]
    [InlineData("acme\0")]
    public void A_site_cannot_reach_another_folder_by_its_name(string site)
    {
        Put("acme/html.liquid", "<p>acme</p>");
        Put("html.liquid", "<p>root</p>");

        Assert.Contains("<!doctype html>", Write("en", site: site).HtmlBody, StringComparison.Ordinal);
    }

    private int _changes;

    private void Put(string path, string content)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, content);
        File.SetLastWriteTimeUtc(file, Mails.Noon.UtcDateTime.AddSeconds(_changes++)); // faster than the clock of the file system
    }

    private static EmailDigest Digest(string? locale, string site = "acme", string? zone = null, string sender = "Ada") =>
        Mails.Digest(Mails.Conversation(1, Mails.Message("Hi", sender))) with { Site = site, Recipient = new EmailRecipient("bob@example.org", "Bob", locale, zone) };

    private MimeMessage Write(string? locale, string site = "acme", string? zone = null, string sender = "Ada") =>
        Mails.Received(_composer.Compose(Digest(locale, site, zone, sender), Mails.Envelope));

    private sealed class Complaints : ILogger<EmailTemplates>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add(formatter(state, exception));
    }
}

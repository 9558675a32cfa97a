using System.Globalization;
using System.Text;
using Fluid;
using Microsoft.Extensions.Options;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email.Templates;

/// <param name="Subject">Fit for a header.</param>
/// <param name="SenderName">Fit for a header.</param>
internal sealed record EmailText(string Subject, string SenderName, string Text, string Html);

/// <summary>
/// Writes a digest in the words and by the templates of its site and its reader's language. Each falls back on its own: the site's file for the locale, for its language,
/// for all; then what is shipped for the locale, the language, the site's language, and English. A site's file that does not work costs its look, never the mail.
/// </summary>
internal sealed class EmailTemplates(IOptions<EmailOptions> options, ILogger<EmailTemplates> log)
{
    private readonly SiteFiles _files = new(options.Value.TemplateFolder, log);

    public EmailText Write(EmailDigest digest, EmailEnvelope envelope)
    {
        var words = WordsFor(digest.Site, digest.Recipient.Locale, digest.SiteLocale);
        var writer = new EmailWriter(digest, digest.Level ?? options.Value.Content, words);
        try
        {
            return Write(digest, envelope, writer, words);
        }
        catch (FormatException e) // a pattern of the site's words that says what is not there
        {
            _files.Complain($"words of the site {digest.Site} in {words.Tag}", default, e.Message);
            words = WordsFor("", digest.Recipient.Locale, digest.SiteLocale);
            return Write(digest, envelope, new EmailWriter(digest, digest.Level ?? options.Value.Content, words), words);
        }
    }

    /// <summary>The words for somebody: in the first of their own languages, the site's and the installation's that there are words in.</summary>
    public Wording WordsFor(string site, string? locale, string? siteLocale)
    {
        foreach (var tag in (string?[])[locale, siteLocale, options.Value.Locale])
        {
            var chain = LocaleTag.Chain(tag);
            if (chain.Count == 0) continue;
            var files = _files.Find(site, chain, "words.json", (at, json) => WordFile.Parse(at ?? "en", json)).Select(f => f.Content)
                .Concat(chain.Select(Shipped.Words).OfType<WordFile>()).ToArray();
            // Words for all languages alone are no words of this one.
            if (files.Any(f => chain.Contains(f.Tag))) return new Wording([.. files, Shipped.English], chain, CultureOf(chain[0]));
        }
        return new Wording([Shipped.English], ["en"], CultureOf("en"));
    }

    private EmailText Write(EmailDigest digest, EmailEnvelope envelope, EmailWriter writer, Wording words)
    {
        EmailModel model = null!;
        string? html = null;
        foreach (var room in Room.Steps)
        {
            model = writer.Write(envelope, room);
            html = Part(digest, words, "html.liquid", Shipped.Html, template => Liquid.Html(template, model, words.Culture), room == Room.Steps[^1] ? Fits : _ => true);
            if (Fits(html)) break;
        }
        var text = Part(digest, words, "text.liquid", Shipped.Text, template => Liquid.Text(template, model, words.Culture), part => part is not null);
        return new EmailText(writer.Subject, writer.SenderName, text!, html!); // what is shipped fits, with the last room
    }

    private static bool Fits(string? html) => html is not null && Encoding.UTF8.GetByteCount(html) <= Room.MostHtmlBytes;

    private string? Part(EmailDigest digest, Wording words, string name, IFluidTemplate shipped, Func<IFluidTemplate, string?> render, Func<string?, bool> isGood)
    {
        foreach (var file in _files.Find(digest.Site, words.Chain, name, (_, source) => Liquid.Parse(source)))
        {
            try
            {
                var part = render(file.Content);
                if (isGood(part)) return part;
                _files.Complain(file.Path, file.Written, $"what it writes is longer than {Room.MostHtmlBytes} bytes however little there is to say");
            }
            catch (Exception e) when (e is not FormatException) // whatever a template does
            {
                _files.Complain(file.Path, file.Written, e.Message);
            }
        }
        return render(shipped);
    }

    // ICU knows how times look in languages that nobody has words for here; what it does not know looks as in English.
    private static CultureInfo CultureOf(string tag)
    {
        try
        {
            return CultureInfo.GetCultureInfo(tag);
        }
        catch (CultureNotFoundException)
        {
            return CultureInfo.GetCultureInfo("en");
        }
    }
}

using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Worker.Email.Templates;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Worker.Email.Preview;

/// <summary>
/// The command <c>preview [--out DIR] [--site SITE]</c>: every kind of email in every language, as files to look at. With <c>Email__TemplateFolder</c> and a site, by that site's
/// own templates; what is wrong with them is printed.
/// </summary>
internal static class PreviewCommand
{
    private static readonly UnsubscribeWays Ways =
        new(new Uri("https://notifier.example/unsubscribe/preview"), "mailto:preview@notifier.example", new Uri("https://notifier.example/unsubscribe/preview#settings"));

    public static async Task<int> RunAsync(IConfiguration configuration, string[] arguments, TextWriter output)
    {
        var (folder, site) = (Value(arguments, "--out") ?? "preview", Value(arguments, "--site") ?? "acme");
        if (arguments.Length % 2 != 0 || arguments.Where((_, i) => i % 2 == 0).Any(a => a is not ("--out" or "--site")))
        {
            await output.WriteLineAsync("usage: preview [--out DIR] [--site SITE]");
            return 2;
        }
        using var logs = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true));
        var options = new EmailOptions { TemplateFolder = configuration[$"{EmailOptions.Section}:{nameof(EmailOptions.TemplateFolder)}"] };
        var templates = new EmailTemplates(Options.Create(options), logs.CreateLogger<EmailTemplates>());
        var places = Directory.CreateDirectory(folder).FullName;
        foreach (var locale in Shipped.Locales)
            foreach (var kind in PreviewSamples.Kinds)
            {
                var digest = PreviewSamples.Of(kind, locale, site);
                var text = templates.Write(digest, new EmailEnvelope("<preview@notifier.example>", null, null, new MailboxAddress("Acme", "hello@acme.example"),
                    new MailboxAddress("Bob", "bob@example.org"), Ways, digest.Conversations[0].Newest[0].SentAt));
                await File.WriteAllTextAsync(Path.Combine(places, $"{locale}-{kind}.html"), text.Html);
                await File.WriteAllTextAsync(Path.Combine(places, $"{locale}-{kind}.txt"), $"From: {text.SenderName}\nSubject: {text.Subject}\n\n{text.Text}");
            }
        await File.WriteAllTextAsync(Path.Combine(places, "index.html"), Index().ToString());
        await output.WriteLineAsync($"{Shipped.Locales.Count * PreviewSamples.Kinds.Count} emails, each as HTML and text: {Path.Combine(places, "index.html")}");
        return 0;
    }

    private static string? Value(string[] arguments, string name) =>
        Array.IndexOf(arguments, name) is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : null;

    private static Html Index() => Html.Of($"""
        <!doctype html>
        <html lang="en">
        <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Emails</title></head>
        <body style="font-family:sans-serif">
        <h1>Emails</h1>
        <table cellpadding="6">
        <tr><th></th>{Html.Each(Shipped.Locales, locale => Html.Of($"<th>{locale}</th>"))}</tr>
        {Html.Each(PreviewSamples.Kinds, kind => Html.Of($"<tr><th align=\"left\">{kind}</th>{Html.Each(Shipped.Locales, locale => Cell($"{locale}-{kind}"))}</tr>"))}
        </table>
        </body>
        </html>

        """);

    private static Html Cell(string name) => Html.Of($"""<td><a href="{name}.html">HTML</a> <a href="{name}.txt">text</a></td>""");
}

using System.Security.Cryptography;
using System.Text;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Templates;

namespace Notifier.Worker.Unsubscribe;

/// <summary>
/// The page behind the links in an email, in its reader's language: no script, no cookie, nothing loaded from anywhere, and no way for the token in its address to leave it.
/// </summary>
internal sealed class UnsubscribePage : IResult
{
    private static readonly Html Style = Html.Of($$"""
        :root { color-scheme: light dark; --page: #f3f4f6; --card: #fff; --line: #e2e5e9; --edge: #767d86; --strong: #16191d; --soft: #4b525b; --main: #0b5fd7; --on-main: #fff; }
        @media (prefers-color-scheme: dark) { :root { --page: #15171a; --card: #1f2226; --line: #34383e; --edge: #8b929b; --strong: #f1f3f5; --soft: #b4bac2; --main: #7fb0ff; --on-main: #10141a; } }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--page); color: var(--soft); font: 1rem/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
        main { width: 100%; max-width: 30rem; padding: 1.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere; }
        h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3; color: var(--strong); }
        h2 { margin: 1.75rem 0 1rem; padding-top: 1.5rem; border-top: 1px solid var(--line); font-size: 1.1rem; line-height: 1.3; color: var(--strong); }
        p { margin: 0 0 1rem; }
        form { margin: 0; }
        label, legend { color: var(--strong); }
        legend, .name { display: block; padding: 0; margin: 0 0 .35rem; font-weight: 600; }
        fieldset { min-width: 0; margin: 0 0 1.25rem; padding: 0; border: 0; }
        fieldset > label { display: block; padding: .3rem 0; }
        select, input[type=time] { width: 100%; min-height: 2.75rem; padding: .5rem .6rem; font: inherit; color: var(--strong); background: var(--card); border: 1px solid var(--edge); border-radius: 8px; }
        input[type=checkbox], input[type=radio] { width: 1.15rem; height: 1.15rem; margin: 0; margin-inline-end: .5rem; vertical-align: -.2rem; accent-color: var(--main); }
        .pair { display: grid; grid-template-columns: 1fr 1fr; gap: .75rem; margin: .5rem 0; }
        .days { display: grid; grid-template-columns: repeat(auto-fill, minmax(5.5rem, 1fr)); }
        fieldset:has(> label > [name=quiet]:not(:checked)) > :is(.pair, .days, .note) { display: none; }
        .days label { padding: .3rem 0; }
        .note { font-size: .9rem; margin: 0; }
        .told { outline: 0; padding: .75rem 1rem; border: 1px solid var(--main); border-radius: 8px; color: var(--strong); }
        button { width: 100%; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; border-radius: 8px; border: 1px solid var(--main); cursor: pointer; }
        button.main { background: var(--main); color: var(--on-main); }
        button.quiet { background: transparent; color: var(--main); }
        :is(button, select, input):focus-visible, input[type=time]:focus-within { outline: 3px solid var(--main); outline-offset: 2px; }
        """);

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style.ToString())))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private readonly int _status;
    private readonly Html _page;

    private UnsubscribePage(int status, Wording words, string title, Html body) : this(status, words, words.Say(title), body)
    {
    }

    private UnsubscribePage(int status, Wording words, Phrase title, Html body) => (_status, _page) = (status, Frame(words, title.ToLine(), body));

    /// <param name="link">The address of the page as seen from where it is shown.</param>
    /// <param name="notice">What to say first, or null.</param>
    /// <param name="choices">From <see cref="PreferenceFields"/>; empty where there is nobody to choose for.</param>
    public static UnsubscribePage Ask(Wording words, string link, string site, Phrase? notice, Html choices, bool wrong) =>
        new(wrong ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK, words, notice ?? words.Say("unsubscribe"), Html.Of($"""
        {(notice is null ? Html.Empty : Html.Of($"<p class=\"told\" role=\"status\" tabindex=\"-1\" autofocus>{notice}</p>"))}
        <h1>{words.Say("page.stop", ("site", site))}</h1>
        <p>{words.Say("page.stopMeans")}</p>
        {Button(words.Say("unsubscribe"), "List-Unsubscribe", "One-Click", quiet: false, link)}
        {choices}
        """));

    public static UnsubscribePage Done(Wording words, string site) => new(StatusCodes.Status200OK, words, "page.done", Html.Of($"""
        <h1>{words.Say("page.done")}</h1>
        <p>{words.Say("page.doneMeans", ("site", site))}</p>
        <p>{words.Say("page.mistake")}</p>
        {Button(words.Say("page.again"), UnsubscribeEndpoints.Undo, "1", quiet: true)}
        """));

    public static UnsubscribePage Undone(Wording words, string site) => new(StatusCodes.Status200OK, words, "page.undone", Html.Of($"""
        <h1>{words.Say("page.undone")}</h1>
        <p>{words.Say("page.undoneMeans", ("site", site))}</p>
        {Button(words.Say("unsubscribe"), "List-Unsubscribe", "One-Click", quiet: true)}
        """));

    public static UnsubscribePage Unknown(Wording words) => new(StatusCodes.Status404NotFound, words, "page.unknown", Html.Of($"""
        <h1>{words.Say("page.unknown")}</h1>
        <p>{words.Say("page.unknownHint")}</p>
        <p>{words.Say("page.unknownElse")}</p>
        """));

    public static UnsubscribePage Away(Wording words) => new(StatusCodes.Status503ServiceUnavailable, words, "page.away", Html.Of($"""
        <h1>{words.Say("page.away")}</h1>
        <p>{words.Say("page.awayHint")}</p>
        """));

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = _status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.CacheControl = "no-store";
        response.Headers["X-Robots-Tag"] = "noindex, nofollow";
        return HttpMethods.IsHead(httpContext.Request.Method) ? Task.CompletedTask : response.WriteAsync(_page.ToString(), httpContext.RequestAborted);
    }

    private static Html Button(Phrase label, string name, string value, bool quiet, string link = "") => Html.Of($"""
        <form method="post"{(link.Length == 0 ? Html.Empty : Html.Of($" action=\"{link}\""))}><button class="{(quiet ? "quiet" : "main")}" name="{name}" value="{value}">{label}</button></form>
        """);

    private static Html Frame(Wording words, string title, Html body) => Html.Of($"""
        <!doctype html>
        <html lang="{words.Tag}" dir="{words.Direction}">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex, nofollow">
        <title>{title}</title>
        <style>{Style}</style>
        </head>
        <body><main>
        {body}
        </main></body>
        </html>

        """);
}

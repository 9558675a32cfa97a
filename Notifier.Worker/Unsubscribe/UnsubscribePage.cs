using System.Security.Cryptography;
using System.Text;
using Notifier.Worker.Email;

namespace Notifier.Worker.Unsubscribe;

/// <summary>The page behind an unsubscribe link: no script, no cookie, nothing loaded from anywhere, and no way for the token in its address to leave it.</summary>
internal sealed class UnsubscribePage : IResult
{
    // First: the pages below are made when the class is, and need it.
    private static readonly Html Style = Html.Of($$"""
        :root { color-scheme: light dark; --page: #f3f4f6; --card: #fff; --line: #e2e5e9; --strong: #16191d; --soft: #4b525b; --main: #0b5fd7; --on-main: #fff; }
        @media (prefers-color-scheme: dark) { :root { --page: #15171a; --card: #1f2226; --line: #34383e; --strong: #f1f3f5; --soft: #b4bac2; --main: #7fb0ff; --on-main: #10141a; } }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--page); color: var(--soft); font: 1rem/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
        main { width: 100%; max-width: 30rem; padding: 1.75rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; overflow-wrap: anywhere; }
        h1 { margin: 0 0 .75rem; font-size: 1.35rem; line-height: 1.3; color: var(--strong); }
        p { margin: 0 0 1rem; }
        form { margin: 0; }
        button { width: 100%; min-height: 2.75rem; padding: .5rem 1rem; font: inherit; font-weight: 600; border-radius: 8px; border: 1px solid var(--main); cursor: pointer; }
        button.main { background: var(--main); color: var(--on-main); }
        button.quiet { background: transparent; color: var(--main); }
        button:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
        """);

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style.ToString())))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private readonly int _status;
    private readonly Html _page;

    private UnsubscribePage(int status, string title, Html body) => (_status, _page) = (status, Frame(title, body));

    public static UnsubscribePage Ask(string site) => new(StatusCodes.Status200OK, "Unsubscribe", Html.Of($"""
        <h1>Stop emails from {site}?</h1>
        <p>You will no longer get emails about messages you have not read there. Notifications of your browser stay as they are.</p>
        {Button("Unsubscribe", "List-Unsubscribe", "One-Click", quiet: false)}
        """));

    public static UnsubscribePage Done(string site) => new(StatusCodes.Status200OK, "Unsubscribed", Html.Of($"""
        <h1>You are unsubscribed</h1>
        <p>{site} sends you no more emails about unread messages. One that is on its way already may still arrive.</p>
        <p>Was it a mistake?</p>
        {Button("Subscribe again", UnsubscribeEndpoints.Undo, "1", quiet: true)}
        """));

    public static UnsubscribePage Undone(string site) => new(StatusCodes.Status200OK, "Subscribed again", Html.Of($"""
        <h1>You get emails again</h1>
        <p>{site} tells you by email about messages you have not read.</p>
        {Button("Unsubscribe", "List-Unsubscribe", "One-Click", quiet: true)}
        """));

    public static readonly UnsubscribePage Unknown = new(StatusCodes.Status404NotFound, "Link not valid", Html.Of($"""
        <h1>This link does not work</h1>
        <p>It may have been cut off on its way. Open the link in the newest email once more, or copy all of it into the address bar.</p>
        <p>Your notification settings on the site itself stop the emails as well.</p>
        """));

    public static readonly UnsubscribePage Away = new(StatusCodes.Status503ServiceUnavailable, "Not possible right now", Html.Of($"""
        <h1>That did not work</h1>
        <p>Something on our side is away for the moment. Please try again in a few minutes: nothing was changed.</p>
        """));

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = _status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers["X-Robots-Tag"] = "noindex, nofollow";
        return HttpMethods.IsHead(httpContext.Request.Method) ? Task.CompletedTask : response.WriteAsync(_page.ToString(), httpContext.RequestAborted);
    }

    private static Html Button(string label, string name, string value, bool quiet) => Html.Of($"""
        <form method="post"><button class="{(quiet ? "quiet" : "main")}" name="{name}" value="{value}">{label}</button></form>
        """);

    private static Html Frame(string title, Html body) => Html.Of($"""
        <!doctype html>
        <html lang="en">
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

using Notifier.Domain;
using Notifier.Worker.Api;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Unsubscribe;

/// <summary>
/// <c>/unsubscribe/{token}</c>, from a link in an email. GET shows a form and changes nothing, since link scanners and previews follow links (A21); POST unsubscribes:
/// from the form, or from a mail program with <c>List-Unsubscribe=One-Click</c> (RFC 8058 section 3.2), which is answered at once and without a redirect.
/// The token is the permission, for this and nothing else: there is no session that another site's form could ride on.
/// </summary>
internal static partial class UnsubscribeEndpoints
{
    /// <summary>The form's way back. Any other POST unsubscribes, whatever its body says: to post there is to want that.</summary>
    public const string Undo = "undo";

    private const int MaxBytes = 16 * 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var link = routes.MapGroup("/unsubscribe/{token}").WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaxBytes));
        link.MapMethods("", [HttpMethods.Get, HttpMethods.Head], ShowAsync);
        link.MapPost("", PostAsync);
    }

    private static Task<IResult> ShowAsync(string token, UnsubscribeToken tokens, UnsubscribeStore store, ILogger<UnsubscribePage> log, CancellationToken cancellation) =>
        AnswerAsync(token, tokens, log, async key =>
        {
            var (site, unsubscribed) = await store.FindAsync(key, cancellation);
            return unsubscribed ? UnsubscribePage.Done(site ?? key.Site) : UnsubscribePage.Ask(site ?? key.Site);
        });

    private static Task<IResult> PostAsync(
        string token, HttpRequest request, UnsubscribeToken tokens, UnsubscribeStore store, ILogger<UnsubscribePage> log, CancellationToken cancellation) =>
        AnswerAsync(token, tokens, log, async key =>
        {
            var undo = await SaysUndoAsync(request, cancellation);
            await store.SetAsync(key, unsubscribed: !undo, cancellation);
            var (site, _) = await store.FindAsync(key, cancellation);
            return undo ? UnsubscribePage.Undone(site ?? key.Site) : UnsubscribePage.Done(site ?? key.Site);
        });

    private static async Task<IResult> AnswerAsync(string token, UnsubscribeToken tokens, ILogger log, Func<RecipientKey, Task<UnsubscribePage>> page)
    {
        if (!tokens.TryRead(token, out var claim)) return UnsubscribePage.Unknown;
        try
        {
            return await page(new RecipientKey(claim.Site, claim.Recipient));
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogDatabaseAway(log, DatabaseFault.Word(e));
            return UnsubscribePage.Away;
        }
    }

    private static async Task<bool> SaysUndoAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (!request.HasFormContentType) return false;
        try
        {
            return (await request.ReadFormAsync(cancellation)).ContainsKey(Undo);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An unsubscribe link was answered with 503: the database is away ({Cause})")]
    private static partial void LogDatabaseAway(ILogger log, string cause);
}

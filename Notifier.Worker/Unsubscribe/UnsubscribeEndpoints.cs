using Notifier.Domain;
using Notifier.Worker.Api;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Templates;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Unsubscribe;

/// <summary>
/// <c>/unsubscribe/{token}</c>, from a link in an email. GET shows a form and changes nothing, since link scanners and previews follow links (A21); POST unsubscribes:
/// from the form, or from a mail program with <c>List-Unsubscribe=One-Click</c> (RFC 8058 section 3.2), which is answered at once and without a redirect.
/// <c>POST …/settings</c> takes the choices in between, from our form only. The token is the permission: there is no session that another site's form could ride on.
/// </summary>
internal static partial class UnsubscribeEndpoints
{
    /// <summary>The form's way back. Any other POST unsubscribes, whatever its body says: to post there is to want that.</summary>
    public const string Undo = "undo";

    /// <summary>In the address after settings were saved.</summary>
    private const string Saved = "saved";

    private const int MaxBytes = 16 * 1024;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var link = routes.MapGroup("/unsubscribe/{token}").WithMetadata(new Microsoft.AspNetCore.Mvc.RequestSizeLimitAttribute(MaxBytes));
        link.MapMethods("", [HttpMethods.Get, HttpMethods.Head], ShowAsync);
        link.MapPost("", PostAsync);
        link.MapPost("/settings", SaveAsync);
    }

    private static Task<IResult> ShowAsync(string token, HttpRequest request, UnsubscribeDesk desk, CancellationToken cancellation) =>
        desk.AnswerAsync(token, request, async claim =>
        {
            var person = await desk.FindAsync(claim, cancellation);
            return person.Unsubscribed ? UnsubscribePage.Done(desk.WordsFor(claim, person), person.SiteName)
                : desk.Choices(token, claim, person, request.Query.ContainsKey(Saved) ? "page.saved" : null);
        });

    private static Task<IResult> PostAsync(string token, HttpRequest request, UnsubscribeDesk desk, UnsubscribeStore store, CancellationToken cancellation) =>
        desk.AnswerAsync(token, request, async claim =>
        {
            var undo = (await FormAsync(request, cancellation)).ContainsKey(Undo);
            await store.SetAsync(new RecipientKey(claim.Site, claim.Recipient), unsubscribed: !undo, cancellation);
            var person = await desk.FindAsync(claim, cancellation);
            var words = desk.WordsFor(claim, person);
            return undo ? UnsubscribePage.Undone(words, person.SiteName) : UnsubscribePage.Done(words, person.SiteName);
        });

    private static Task<IResult> SaveAsync(
        string token, HttpRequest request, UnsubscribeDesk desk, UnsubscribeStore store, FormToken forms, CancellationToken cancellation) =>
        desk.AnswerAsync(token, request, async claim =>
        {
            var form = await FormAsync(request, cancellation);
            var isOurs = forms.IsGood(token, form[PreferenceForm.TokenField]);
            if (!isOurs || PreferenceForm.Read(form) is not { } chosen)
                return desk.Choices(token, claim, await desk.FindAsync(claim, cancellation), isOurs ? "page.wrong" : "page.old", form);
            await store.ChangeAsync(new RecipientKey(claim.Site, claim.Recipient), preferences => chosen.Apply(preferences, claim.Conversation), cancellation);
            // RFC 9110 section 15.4.4: loading the page once more sends nothing again.
            request.HttpContext.Response.Headers.Location = $"../{token}?{Saved}";
            return Results.StatusCode(StatusCodes.Status303SeeOther);
        });

    private static async Task<IFormCollection> FormAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (!request.HasFormContentType) return FormCollection.Empty;
        try
        {
            return await request.ReadFormAsync(cancellation);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return FormCollection.Empty;
        }
    }
}

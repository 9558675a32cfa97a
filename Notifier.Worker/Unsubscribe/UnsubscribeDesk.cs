using Notifier.Domain;
using Notifier.Worker.Email;
using Notifier.Worker.Email.Templates;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Unsubscribe;

/// <summary>What every answer to a link needs: whom it is about, and their language.</summary>
internal sealed partial class UnsubscribeDesk(
    UnsubscribeToken tokens, FormToken forms, UnsubscribeStore store, EmailTemplates templates, ILogger<UnsubscribeDesk> log)
{
    public Task<LinkPerson> FindAsync(UnsubscribeClaim claim, CancellationToken cancellation) => store.FindAsync(new RecipientKey(claim.Site, claim.Recipient), cancellation);

    public Wording WordsFor(UnsubscribeClaim claim, LinkPerson person) => templates.WordsFor(claim.Site, person.Locale, person.SiteLocale);

    /// <param name="token">Of the link.</param>
    /// <param name="claim">What it says.</param>
    /// <param name="person">Whom it is about.</param>
    /// <param name="notice">The key of what to say first, or null.</param>
    /// <param name="refused">The choices that were not taken: the page is shown one level below the link then. Null: none were made.</param>
    public UnsubscribePage Choices(string token, UnsubscribeClaim claim, LinkPerson person, string? notice, IFormCollection? refused = null)
    {
        var words = WordsFor(claim, person);
        var link = refused is null ? token : $"../{token}";
        var choices = person.Preferences is null
            ? Html.Empty : PreferenceFields.Write(words, link, forms.Create(token), claim.Conversation, person.Preferences, person.TimeZone, refused?.ContainsKey(PreferenceForm.QuietField) == true);
        return UnsubscribePage.Ask(words, link, person.SiteName, notice is null ? null : words.Say(notice), choices, wrong: refused is not null);
    }

    public async Task<IResult> AnswerAsync(string token, HttpRequest request, Func<UnsubscribeClaim, Task<IResult>> answer)
    {
        if (!tokens.TryRead(token, out var claim)) return UnsubscribePage.Unknown(BrowsersWords(request));
        try
        {
            return await answer(claim);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogDatabaseAway(log, DatabaseFault.Word(e));
            return UnsubscribePage.Away(BrowsersWords(request));
        }
    }

    // Where nobody here knows who it is, the browser may know the language.
    private Wording BrowsersWords(HttpRequest request)
    {
        var wanted = request.GetTypedHeaders().AcceptLanguage.OrderByDescending(language => language.Quality ?? 1).Select(language => language.Value.ToString());
        return templates.WordsFor("", wanted.FirstOrDefault(tag => LocaleTag.Chain(tag).Any(t => Shipped.Words(t) is not null)), null);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An unsubscribe link was answered with 503: the database is away ({Cause})")]
    private static partial void LogDatabaseAway(ILogger log, string cause);
}

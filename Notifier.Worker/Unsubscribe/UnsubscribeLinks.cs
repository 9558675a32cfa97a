using Microsoft.Extensions.Options;
using Notifier.Worker.Email;

namespace Notifier.Worker.Unsubscribe;

/// <summary>The two ways out of a mail (RFC 2369 section 3.2, RFC 8058).</summary>
/// <param name="OneClick">GET shows a form and changes nothing, POST unsubscribes.</param>
/// <param name="MailTo">A <c>mailto:</c> URL whose subject carries the token.</param>
/// <param name="Settings">The same page, at the choices in between.</param>
public sealed record UnsubscribeWays(Uri OneClick, string MailTo, Uri Settings);

/// <summary>Writes the links that <see cref="UnsubscribeToken"/> signs.</summary>
public sealed class UnsubscribeLinks(IOptions<LinksOptions> links, IOptions<EmailOptions> email, UnsubscribeToken tokens)
{
    public UnsubscribeWays For(UnsubscribeClaim claim) => For(claim, links.Value, email.Value);

    /// <param name="claim">Whose way out it is.</param>
    /// <param name="ofSite">Where the site has its links.</param>
    /// <param name="mail">Where the site has its mailbox.</param>
    public UnsubscribeWays For(UnsubscribeClaim claim, LinksOptions ofSite, EmailOptions mail)
    {
        var token = tokens.Create(claim);
        var root = ofSite.BaseUrl!.TrimEnd('/');
        return new UnsubscribeWays(
            new Uri($"{root}/unsubscribe/{token}"),
            $"mailto:{mail.UnsubscribeMailbox}?subject=unsubscribe%20{token}",
            new Uri($"{root}/unsubscribe/{token}#settings"));
    }
}

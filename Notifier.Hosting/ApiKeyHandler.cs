using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>Lets a site's server in: <c>Authorization: Bearer KEY</c> with one of <c>Intake__ApiKeys__N</c>.</summary>
internal sealed class ApiKeyHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, UrlEncoder encoder, ApiKeys keys)
    : BearerHandler(options, encoder)
{
    protected override string HowTo => keys.IsEmpty
        ? "There is no API key here yet: set Intake__ApiKeys__0, and send it as Authorization: Bearer KEY."
        : "Send the site's API key as Authorization: Bearer KEY.";

    protected override string NotAllowed => "This API key may not do that.";

    protected override Task<(Claim[]? Who, string? Refusal)> CheckAsync(string token) => Task.FromResult<(Claim[]?, string?)>(
        keys.Holder(token) is { } site ? ([new Claim(ApiKeys.Claim, site)], null) : (null, keys.IsEmpty ? HowTo : "The API key is not one of those known here."));
}

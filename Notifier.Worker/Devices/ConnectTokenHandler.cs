using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Notifier.Worker.Api;

namespace Notifier.Worker.Devices;

/// <summary>Lets a browser in, as the person whom its connect token names.</summary>
internal sealed class ConnectTokenHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, UrlEncoder encoder, ConnectTokens tokens)
    : BearerHandler(options, encoder)
{
    public const string SiteClaim = "connect_site", RecipientClaim = "connect_recipient";

    protected override string HowTo => "Send a connect token, or the site's API key, as Authorization: Bearer TOKEN.";

    protected override string NotAllowed => "A connect token is good only for the devices of the person it names, on the site it names.";

    protected override Task<(Claim[]? Who, string? Refusal)> CheckAsync(string token)
    {
        var (owner, refusal) = tokens.Read(token);
        return Task.FromResult<(Claim[]?, string?)>(owner is { } who ? ([new Claim(SiteClaim, who.Site), new Claim(RecipientClaim, who.Recipient)], null) : (null, refusal));
    }
}

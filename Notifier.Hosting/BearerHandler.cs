using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>A scheme of <c>Authorization: Bearer</c> (RFC 6750). Refusals are problems, and say what to do.</summary>
internal abstract class BearerHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, UrlEncoder encoder)
    // The base class logs every refusal as news; it is the caller's, and is told to the caller.
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, NullLoggerFactory.Instance, encoder)
{
    /// <returns>The token of the one Authorization header, if it is a bearer's.</returns>
    public static string? Token(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null;

    /// <summary>Who the token stands for; or null, and why not in words that go to the caller.</summary>
    protected abstract Task<(Claim[]? Who, string? Refusal)> CheckAsync(string token);

    protected abstract string HowTo { get; }

    protected abstract string NotAllowed { get; }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Token(Request) is not { Length: > 0 } token) return AuthenticateResult.NoResult();
        var (who, refusal) = await CheckAsync(token);
        return who is null
            ? AuthenticateResult.Fail(refusal!)
            : AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(new ClaimsIdentity(who, Scheme.Name)), Scheme.Name));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var refusal = (await HandleAuthenticateOnceSafeAsync()).Failure?.Message;
        // RFC 6750 section 3.1: no error code where no token was sent.
        Response.Headers.WWWAuthenticate = refusal is null ? "Bearer realm=\"Notifier\"" : "Bearer realm=\"Notifier\", error=\"invalid_token\"";
        await ApiProblem.Of(StatusCodes.Status401Unauthorized, refusal ?? HowTo).ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        ApiProblem.Of(StatusCodes.Status403Forbidden, NotAllowed).ExecuteAsync(Context);
}

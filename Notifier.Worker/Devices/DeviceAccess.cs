using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Notifier.Worker.Api;
using Notifier.Worker.Intake;

namespace Notifier.Worker.Devices;

/// <summary>Who may call the device routes: the site's server for everyone, a browser for the person whose connect token it has.</summary>
internal static class DeviceAccess
{
    /// <summary>The name of the authorization policy, of the scheme behind it, and of the CORS policy.</summary>
    public const string Policy = "Devices";

    private const string ConnectScheme = "ConnectToken";

    public static void Add(IServiceCollection services)
    {
        services.AddAuthentication()
            .AddScheme<AuthenticationSchemeOptions, ConnectTokenHandler>(ConnectScheme, null)
            .AddPolicyScheme(Policy, null, scheme => scheme.ForwardDefaultSelector = Scheme);
        services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy.AddAuthenticationSchemes(Policy).RequireAuthenticatedUser().RequireAssertion(IsAllowed));
    }

    /// <summary>Both come as bearer tokens; whatever is not an API key, and has the three parts of a JWT (RFC 7515 section 3.1), is taken for a connect token.</summary>
    private static string Scheme(HttpContext http) =>
        BearerHandler.Token(http.Request) is { } token && token.Count(c => c == '.') == 2 && http.RequestServices.GetRequiredService<ApiKeys>().Holder(token) is null ? ConnectScheme : ApiKeys.Scheme;

    private static bool IsAllowed(AuthorizationHandlerContext asked)
    {
        if (asked.User.HasClaim(c => c.Type == ApiKeys.Claim)) return true;
        if (asked.Resource is not HttpContext http) return false;
        var path = RoutePath.Of(http);
        // The key row names nobody: it is for everyone of the site.
        return Says(asked.User, ConnectTokenHandler.SiteClaim, path.Site) && (!http.Request.RouteValues.ContainsKey("id") || Says(asked.User, ConnectTokenHandler.RecipientClaim, path.Recipient));
    }

    private static bool Says(ClaimsPrincipal user, string claim, string value) => string.Equals(user.FindFirstValue(claim), value, StringComparison.Ordinal);
}

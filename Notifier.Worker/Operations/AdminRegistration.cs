using System.Security.Claims;
using idunno.Authentication.Basic;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Notifier.Worker.Operations;

internal static class AdminRegistration
{
    public static IServiceCollection AddAdmin(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(AdminOptions.From(configuration));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<LoginRate>();
        services.AddSingleton<AdminAccess>();
        services.AddAuthentication().AddBasic(basic =>
        {
            basic.Realm = "Notifier";
            basic.AllowInsecureProtocol = true; // TLS ends at the proxy in front of the worker
            basic.Events = new BasicAuthenticationEvents { OnValidateCredentials = ValidateAsync };
        });
        services.AddAuthorizationBuilder().AddPolicy(AdminAccess.Policy, policy => policy
            .AddAuthenticationSchemes(BasicAuthenticationDefaults.AuthenticationScheme)
            .RequireAssertion(asked => asked.User.IsInRole(AdminAccess.Role)
                || (asked.Resource is HttpContext http && http.RequestServices.GetRequiredService<AdminAccess>().IsOpenTo(http))));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "notifier-antiforgery";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.SuppressXFrameOptionsHeader = true; // PageHeaders says DENY
        });
        return services;
    }

    private static Task ValidateAsync(ValidateCredentialsContext given)
    {
        var logins = given.HttpContext.RequestServices.GetRequiredService<LoginRate>();
        var address = given.HttpContext.Connection.RemoteIpAddress;
        if (logins.Take(address) && given.HttpContext.RequestServices.GetRequiredService<AdminAccess>().IsAdmin(given.Username, given.Password))
        {
            logins.WasRight(address);
            Claim[] claims = [new(ClaimTypes.Name, given.Username), new(ClaimTypes.Role, AdminAccess.Role)];
            given.Principal = new ClaimsPrincipal(new ClaimsIdentity(claims, given.Scheme.Name));
            given.Success();
        }
        else given.Fail("The user or the password is wrong.");
        return Task.CompletedTask;
    }
}

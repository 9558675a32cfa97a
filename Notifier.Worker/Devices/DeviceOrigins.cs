using Microsoft.AspNetCore.Cors.Infrastructure;
using Notifier.Worker.Api;
using Notifier.Worker.Sites;

namespace Notifier.Worker.Devices;

/// <summary>CORS for the device routes: pages of the site's origins (<c>Connect__Origins__N</c>, or its own) may call them. The token is in a header, so cookies are never asked for.</summary>
internal sealed class DeviceOrigins(SiteDirectory sites) : ICorsPolicyProvider
{
    public static void Add(IServiceCollection services)
    {
        services.AddCors();
        services.AddSingleton<ICorsPolicyProvider, DeviceOrigins>();
    }

    public Task<CorsPolicy?> GetPolicyAsync(HttpContext context, string? policyName) => Task.FromResult<CorsPolicy?>(policyName != DeviceAccess.Policy ? null
        : new CorsPolicyBuilder([.. sites.Of(RoutePath.Of(context).Site).Origins])
            .WithMethods(HttpMethods.Get, HttpMethods.Put, HttpMethods.Delete)
            .WithHeaders("Authorization", "Content-Type")
            .SetPreflightMaxAge(TimeSpan.FromHours(1))
            .Build());
}

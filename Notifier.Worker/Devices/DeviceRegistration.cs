using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Notifier.Worker.Api;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Devices;

/// <summary>Where a person can be reached by push: subscriptions, as a site's server or the browser itself registers them.</summary>
internal static class DeviceRegistration
{
    public static IServiceCollection AddDevices(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<ConnectOptions>().BindSection(configuration.GetSection(ConnectOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ConnectOptions>, ConnectOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<ConnectTokens>();
        services.AddSingleton<SubscriptionReader>();
        services.AddSingleton<SubscriptionStore>();
        services.AddHostedService<UnusedDevices>();
        DeviceAccess.Add(services);
        DeviceOrigins.Add(services);
        return services;
    }

    /// <summary>Needs <c>UseCors()</c> before <c>UseAuthorization()</c>: a preflight comes without a token.</summary>
    public static void MapDevices(this IEndpointRouteBuilder routes)
    {
        var site = SiteRoutes.Map(routes).RequireAuthorization(DeviceAccess.Policy).RequireCors(DeviceAccess.Policy);
        site.MapGet("/vapid-public-key", DeviceEndpoints.GetKey);
        site.MapPut("/recipients/{id}/subscriptions", DeviceEndpoints.PutAsync);
        site.MapDelete("/recipients/{id}/subscriptions", DeviceEndpoints.DeleteAsync);
    }
}

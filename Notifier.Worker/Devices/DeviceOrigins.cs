using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace Notifier.Worker.Devices;

/// <summary>CORS for the device routes: pages of the origins in <c>Connect__Origins__N</c> may call them. The token is in a header, so cookies are never asked for.</summary>
internal static class DeviceOrigins
{
    public static void Add(IServiceCollection services)
    {
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<ConnectOptions>>((cors, connect) => cors.AddPolicy(DeviceAccess.Policy, policy => policy
            .WithOrigins([.. connect.Value.Origins])
            .WithMethods(HttpMethods.Get, HttpMethods.Put, HttpMethods.Delete)
            .WithHeaders("Authorization", "Content-Type")
            .SetPreflightMaxAge(TimeSpan.FromHours(1))));
    }
}

using Microsoft.Extensions.Options;

namespace Notifier.Worker.Bounces;

/// <summary>What comes back of our mail: read, matched, and acted upon.</summary>
public static class BouncesRegistration
{
    public static IServiceCollection AddBounces(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<BouncesOptions>().BindSection(configuration.GetSection(BouncesOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<BouncesOptions>, BouncesOptionsValidator>();
        services.AddSingleton<BounceIntake>();
        services.AddSingleton<BounceFolder>();
        services.AddSingleton<BounceMailbox>();
        services.AddHostedService<BouncePolling>();
        return services;
    }
}

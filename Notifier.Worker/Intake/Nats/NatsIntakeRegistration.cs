using Microsoft.Extensions.Options;

namespace Notifier.Worker.Intake.Nats;

/// <summary>The third door: a JetStream stream. Only where the settings name a server.</summary>
internal static class NatsIntakeRegistration
{
    public static IServiceCollection AddNatsIntake(this IServiceCollection services, IConfiguration configuration)
    {
        if (!services.AddNats(configuration)) return services;
        services.AddOptions<NatsIntakeOptions>().BindSection(configuration.GetSection(NatsIntakeOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<NatsIntakeOptions>, NatsIntakeOptionsValidator>();
        services.AddSingleton<NatsDoor>();
        services.AddHostedService<NatsIntake>();
        return services;
    }
}

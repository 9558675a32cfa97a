using Microsoft.Extensions.Options;

namespace Notifier.Worker.Intake;

/// <summary>The door: where events come in.</summary>
internal static class IntakeRegistration
{
    public static IServiceCollection AddIntake(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IntakeOptions>().BindSection(configuration.GetSection(IntakeOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<IntakeOptions>, IntakeOptionsValidator>();
        services.AddApiKeys(configuration);
        services.AddSingleton<Backlog>();
        return services;
    }
}

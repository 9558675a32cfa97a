namespace Notifier.Worker.Intake;

/// <summary>The door: where events come in.</summary>
internal static class IntakeRegistration
{
    public static IServiceCollection AddIntake(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IntakeOptions>().BindSection(configuration.GetSection(IntakeOptions.Section)).ValidateOnStart();
        services.AddApiKeys();
        services.AddSingleton<Backlog>();
        return services;
    }
}

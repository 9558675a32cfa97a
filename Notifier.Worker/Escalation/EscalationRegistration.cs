using Microsoft.Extensions.Options;
using Notifier.Worker.Relay;

namespace Notifier.Worker.Escalation;

/// <summary>The middle of a message's way: from the inbox, by the ladder, to the channels.</summary>
internal static class EscalationRegistration
{
    public static IServiceCollection AddEscalation(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<EscalationOptions>()
            .BindSection(configuration.GetSection(EscalationOptions.Section))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<EscalationOptions>, EscalationOptionsValidator>();
        services.AddSingleton<Doorbells>();
        services.AddSingleton<SiteShares>();
        services.AddSingleton<TurnPlan>();
        services.AddSingleton<EscalationProcessor>();
        services.AddHostedService<InboxListener>();
        services.AddHostedService<ShardLanes>();
        services.AddHostedService<RelaySweep>();
        return services;
    }
}

using Microsoft.Extensions.Options;

namespace Notifier.Worker.WebPush;

/// <summary>Rung 2: from the push outbox to the push services.</summary>
internal static class WebPushRegistration
{
    public static IServiceCollection AddWebPush(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<WebPushOptions>().BindSection(configuration.GetSection(WebPushOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<WebPushOptions>, WebPushOptionsValidator>();
        services.AddSingleton<EndpointGuard>();
        services.AddSingleton<VapidTokens>();
        services.AddSingleton<PushServiceClient>();
        services.AddSingleton<PushEndings>();
        services.AddHostedService<PushSender>();
        return services;
    }
}

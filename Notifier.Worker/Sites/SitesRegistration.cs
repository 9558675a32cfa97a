using Microsoft.Extensions.Options;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Sites;

/// <summary>Sites with something of their own.</summary>
internal static class SitesRegistration
{
    /// <summary>Before what sends and what decides: it starts first, and knows the rows then.</summary>
    public static IServiceCollection AddSites(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<SitesOptions>().BindSection(configuration.GetSection(SitesOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<SitesOptions>, SitesOptionsValidator>();
        services.AddSingleton<SiteStore>();
        services.AddSingleton<SiteSecrets>();
        services.AddSingleton<SiteReader>();
        services.AddSingleton<SiteDirectory>();
        services.AddSingleton<ApiKeys, SiteApiKeys>();
        services.AddHostedService<SiteWatch>();
        return services;
    }
}

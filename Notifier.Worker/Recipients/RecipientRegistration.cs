using Notifier.Worker.Api;
using Notifier.Worker.Intake;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Recipients;

/// <summary>Who is told: people, as their site registers and erases them; and why they were told.</summary>
internal static class RecipientRegistration
{
    public static IServiceCollection AddRecipients(this IServiceCollection services)
    {
        services.AddSingleton<RecipientStore>();
        services.AddSingleton<ErasureStore>();
        return services;
    }

    public static void MapRecipients(this IEndpointRouteBuilder routes)
    {
        var site = SiteRoutes.Map(routes).RequireAuthorization(ApiKeys.Policy);
        site.MapPut("/recipients/{id}", RecipientEndpoints.PutAsync);
        site.MapDelete("/recipients/{id}", RecipientEndpoints.DeleteAsync);
        site.MapGet("/messages/{message}/recipients/{id}", WhyEndpoint.GetAsync);
    }
}

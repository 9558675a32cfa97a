namespace Notifier.Worker.Unsubscribe;

/// <summary>The page behind the links in our mail. The section <see cref="LinksOptions.Section"/> and <see cref="UnsubscribeToken"/> come with the mail itself.</summary>
internal static class UnsubscribeRegistration
{
    public static IServiceCollection AddUnsubscribe(this IServiceCollection services) => services
        .AddSingleton<FormToken>().AddSingleton<UnsubscribeDesk>();

    public static void MapUnsubscribe(this IEndpointRouteBuilder routes) => UnsubscribeEndpoints.Map(routes);
}

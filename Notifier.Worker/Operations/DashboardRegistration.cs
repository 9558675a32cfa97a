using Hangfire;
using Hangfire.Dashboard;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Notifier.Worker.Operations.Pages;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

internal static class DashboardRegistration
{
    private const string Path = "/hangfire";

    // Hangfire keeps routes and menu for the whole process: a second host must not add them again.
    private static readonly Lazy<bool> Extended = new(Extend);

    public static IServiceCollection AddDashboard(this IServiceCollection services)
    {
        services.AddSingleton<PendingEmailStore>();
        services.AddSingleton<EmailCancellationStore>();
        services.AddSingleton<SuppressionStore>();
        services.AddSingleton<WhyStore>();
        services.TryAddSingleton<SiteStore>();
        services.AddSingleton<RateHistory>();
        services.AddHostedService(provider => provider.GetRequiredService<RateHistory>());
        return services;
    }

    public static void MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        _ = Extended.Value;
        endpoints.MapGet("/admin", () => Results.Redirect(Path + WhyPage.Route)).RequireAuthorization(AdminAccess.Policy);
        endpoints.MapHangfireDashboardWithAuthorizationPolicy(AdminAccess.Policy, Path, new DashboardOptions
        {
            DashboardTitle = "Notifier",
            AppPath = null, // no link "back to site": there is none
            StatsPollingInterval = 15_000,
            DisplayStorageConnectionString = false,
        });
    }

    private static bool Extend()
    {
        DashboardRoutes.Routes.AddRazorPage(PendingEmailsPage.Route, _ => new PendingEmailsPage());
        DashboardRoutes.Routes.Add($"{PendingEmailsPage.Route}/cancel/(?<escalation>[0-9]{{1,18}})", new CancelEmailCommand());
        DashboardRoutes.Routes.Add($"{PendingEmailsPage.Route}/withdraw/(?<attempt>[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})", new CancelEmailCommand());
        DashboardRoutes.Routes.Add($"{PendingEmailsPage.Route}/resend/(?<attempt>[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})", new ResendEmailCommand());
        DashboardRoutes.Routes.AddRazorPage(SuppressedAddressesPage.Route, _ => new SuppressedAddressesPage());
        DashboardRoutes.Routes.Add($"{SuppressedAddressesPage.Route}/release/(?<id>[0-9]+)", new ReleaseAddressCommand());
        DashboardRoutes.Routes.AddRazorPage(WhyPage.Route, _ => new WhyPage());
        DashboardRoutes.Routes.AddRazorPage(DeadLettersPage.Route, _ => new DeadLettersPage());
        DashboardRoutes.Routes.Add($"{DeadLettersPage.Route}/replay/(?<letter>[0-9]{{1,18}})", new ReplayLettersCommand());
        DashboardRoutes.Routes.Add($"{DeadLettersPage.Route}/replay/(?<reason>[A-Za-z0-9_-]+)/(?<newest>[0-9]{{1,18}})", new ReplayLettersCommand());
        DashboardRoutes.Routes.AddRazorPage(SitesPage.Route, _ => new SitesPage());
        DashboardRoutes.Routes.AddRazorPage(RatesPage.Route, _ => new RatesPage());
        // The frame's menu is one row, and Hangfire's own pages are in it: the others are in the row that OperatorPage writes.
        foreach (var (place, (title, route)) in OperatorPage.All.Take(3).Index()) Menu(title, route, place);
        return true;
    }

    private static void Menu(string title, string route, int place) => NavigationMenu.Items.Insert(place, page => new MenuItem(title, page.Url.To(route))
    {
        Active = page.RequestPath.StartsWith(route, StringComparison.OrdinalIgnoreCase),
    });
}

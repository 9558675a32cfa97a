using Hangfire;
using Hangfire.Dashboard;
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
        return services;
    }

    public static void MapDashboard(this IEndpointRouteBuilder endpoints)
    {
        _ = Extended.Value;
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
        DashboardRoutes.Routes.Add($"{SuppressedAddressesPage.Route}/release/(?<site>[A-Za-z0-9_-]+)/(?<address>[A-Za-z0-9_-]+)", new ReleaseAddressCommand());
        NavigationMenu.Items.Insert(0, page => new MenuItem("Pending emails", page.Url.To(PendingEmailsPage.Route))
        {
            Active = page.RequestPath.StartsWith(PendingEmailsPage.Route, StringComparison.OrdinalIgnoreCase),
        });
        NavigationMenu.Items.Insert(1, page => new MenuItem("Suppressed addresses", page.Url.To(SuppressedAddressesPage.Route))
        {
            Active = page.RequestPath.StartsWith(SuppressedAddressesPage.Route, StringComparison.OrdinalIgnoreCase),
        });
        return true;
    }
}

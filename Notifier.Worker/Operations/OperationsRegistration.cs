namespace Notifier.Worker.Operations;

/// <summary>Everything an operator looks at: logs, metrics, health, the dashboard; and Hangfire behind it.</summary>
internal static class OperationsRegistration
{
    public static IServiceCollection AddOperations(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddLogging(logging => logging.AddNotifierLogging(configuration, environment));
        services.AddNotifierMetrics();
        services.AddNotifierTracing(configuration);
        services.AddSingleton<Readiness>();
        services.AddHangfireAlarmClock(configuration);
        services.AddAdmin(configuration);
        services.AddDashboard();
        return services;
    }

    /// <summary>To be called before other middleware: the headers of the operators' pages stand on every answer, refusals too.</summary>
    public static WebApplication MapOperations(this WebApplication app)
    {
        app.UseMiddleware<OperatorPages>();
        app.UseMiddleware<ScrapeFormat>();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint(ScrapeFormat.Path);
        app.MapDashboard();
        return app;
    }
}

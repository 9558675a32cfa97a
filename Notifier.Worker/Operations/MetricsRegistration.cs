using Microsoft.Extensions.DependencyInjection.Extensions;
using Notifier.Domain;
using Notifier.Worker.Storage;
using OpenTelemetry.Metrics;

namespace Notifier.Worker.Operations;

internal static class MetricsRegistration
{
    public static IServiceCollection AddNotifierMetrics(this IServiceCollection services)
    {
        services.TryAddSingleton<NotifierMetrics>();
        services.TryAddSingleton(EscalationPolicy.Default);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<BacklogStore>();
        services.AddHostedService<BacklogGauges>();
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(NotifierMetrics.MeterName)
            .AddPrometheusExporter(prometheus =>
            {
                // The names and labels are a promise: nothing is added to them.
                prometheus.ScopeInfoEnabled = false;
                prometheus.TargetInfoEnabled = false;
            }));
        return services;
    }
}

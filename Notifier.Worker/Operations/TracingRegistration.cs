using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Notifier.Worker.Operations;

/// <summary>Sends traces to a collector, by OpenTelemetry's own environment variables; without <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> there are none.</summary>
internal static class TracingRegistration
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static IServiceCollection AddNotifierTracing(this IServiceCollection services, IConfiguration configuration)
    {
        if (configuration[Endpoint] is not { Length: > 0 } endpoint) return services;
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw new SettingException($"{Endpoint}:", "must be an absolute http or https URL such as http://127.0.0.1:4317");
        services.AddOpenTelemetry().WithTracing(tracing => tracing
            .ConfigureResource(resource => resource.AddService("notifier-worker"))
            .AddSource(Tracing.SourceName)
            .AddOtlpExporter());
        return services;
    }
}

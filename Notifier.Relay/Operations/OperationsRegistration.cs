using System.Text.Json.Serialization;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout.Nats;
using Npgsql;
using OpenTelemetry.Metrics;

namespace Notifier.Relay.Operations;

internal static class OperationsRegistration
{
    /// <summary>A probe waits no longer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static IServiceCollection AddOperations(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddLogging(logging => logging.AddNotifierLogging(configuration, environment));
        services.AddSingleton<RelayMetrics>();
        services.AddHostedService<Drain>();
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(RelayMetrics.MeterName)
            .AddPrometheusExporter(prometheus =>
            {
                // The names and labels are a promise: nothing is added to them.
                prometheus.ScopeInfoEnabled = false;
                prometheus.TargetInfoEnabled = false;
            }));
        return services;
    }

    public static void MapOperations(this WebApplication app)
    {
        app.UseMiddleware<ScrapeFormat>();
        app.MapPrometheusScrapingEndpoint(ScrapeFormat.Path);
        app.MapGet("/health/live", () => Results.Text("live\n"));
        // With NATS away the nodes hear each other by way of the database.
        var nats = app.Services.GetService<NatsFanout>();
        var connections = app.Services.GetRequiredService<ConnectionTable>();
        var measured = app.Services.GetRequiredService<RelayMetrics>();
        (measured.Nats, measured.Connections) = (nats, connections);
        app.MapGet("/health/ready", async (NpgsqlDataSource database, CancellationToken cancellation) =>
        {
            var state = await DatabaseAsync(database, cancellation);
            var report = new Report(state == "ok" && !connections.IsDraining, state, nats is null ? null : nats.Carries ? "ok" : "unreachable", connections.IsDraining);
            return Results.Json(report, statusCode: report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        });
    }

    private sealed record Report(
        bool Ready, string Database, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Nats,
        [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool Draining);

    private static async Task<string> DatabaseAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await using var command = database.CreateCommand("SELECT to_regclass('relay.accepted') IS NOT NULL");
            return await command.ExecuteScalarAsync(patience.Token) is true ? "ok" : "not migrated";
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            return "unreachable";
        }
    }
}

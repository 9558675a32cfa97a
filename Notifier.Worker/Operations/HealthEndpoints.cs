namespace Notifier.Worker.Operations;

internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        // Asks nothing: a worker whose database is away must not be killed for it.
        endpoints.MapGet("/health/live", () => Results.Text("live\n"));
        endpoints.MapGet("/health/ready", async (Readiness readiness, CancellationToken cancellation) =>
        {
            var report = await readiness.CheckAsync(cancellation);
            return Results.Json(report, statusCode: report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        });
    }
}

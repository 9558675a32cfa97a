using System.Diagnostics;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using Notifier.Worker.Api;
using Notifier.Worker.Operations;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Intake;

/// <summary><c>POST /v1/events</c>: 202 only after everything is committed; otherwise nothing is stored.</summary>
internal static partial class IntakeEndpoints
{
    public const int MaxBytes = 4 * 1024 * 1024;
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 32 };

    public static RouteHandlerBuilder MapEvents(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/events", AcceptAsync).WithMetadata(new RequestSizeLimitAttribute(MaxBytes), new RateOfItsOwn()); // the backlog's limit

    private static async Task<IResult> AcceptAsync(
        HttpRequest request, SiteDirectory sites, InboxStore inbox, Backlog backlog, TimeProvider clock, NotifierMetrics metrics, ILogger<EventDocument> log, CancellationToken cancellation)
    {
        if (!IsJson(request.ContentType))
            return ApiProblem.Of(StatusCodes.Status415UnsupportedMediaType, "The body must be application/cloudevents+json, application/cloudevents-batch+json or application/json.");
        var of = ApiKeys.OnlySite(request.HttpContext.User);
        if (await backlog.IsFullAsync(cancellation) || (of is not null && backlog.IsFullOf(of))) return TooMany(request);

        var from = clock.GetUtcNow();
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(request.Body, Json, cancellation);
        }
        catch (JsonException e)
        {
            return ApiProblem.Of(StatusCodes.Status400BadRequest, $"$ is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge();
        }

        using (document)
        {
            if (of is not null && ForeignEvents.First(document.RootElement, of) is { } member) return ApiKeys.OfAnotherSite(member);
            if (EventDocument.Read(document.RootElement, clock.GetUtcNow(), out var bad) is not { } events)
                return ApiProblem.Of(StatusCodes.Status400BadRequest, $"{bad}.", bad!.Path);
            var keyOf = request.HttpContext.User.FindFirstValue(ApiKeys.Claim) ?? "";
            if (events.Sites.FirstOrDefault(s => !sites.Takes(keyOf, s.Key)) is { Value: { } path })
                return ApiProblem.Of(StatusCodes.Status403Forbidden, $"{path}.data.site is not the site of this API key. Nothing was stored.", $"{path}.data.site");
            if (events.Sites.Keys.Any(backlog.IsFullOf)) return TooMany(request);
            try
            {
                var accepted = events.Arrivals.Count == 0 ? 0 : await inbox.AcceptAsync(events.Arrivals, cancellation);
                foreach (var (type, count) in events.Types) metrics.Received(type, count);
                foreach (var trace in events.Traces) Tracing.Start("notifier.accept", ActivityKind.Consumer, trace, from)?.Dispose();
                return Results.Json(new { accepted, duplicates = events.Events - accepted }, statusCode: StatusCodes.Status202Accepted);
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogDatabaseAway(log, DatabaseFault.Word(e));
                request.HttpContext.Response.Headers.RetryAfter = "5";
                return ApiProblem.Of(StatusCodes.Status503ServiceUnavailable, "The database is away. Nothing was stored; send this again.");
            }
        }
    }

    private static bool IsJson(string? contentType) =>
        contentType?.Split(';')[0].Trim().ToLowerInvariant() is "application/cloudevents+json" or "application/cloudevents-batch+json" or "application/json";

    private static IResult TooMany(HttpRequest request)
    {
        request.HttpContext.Response.Headers.RetryAfter = "5";
        return ApiProblem.Of(StatusCodes.Status429TooManyRequests, "Too many events wait for their decision. Send this again later.");
    }

    private static IResult TooLarge() => ApiProblem.Of(StatusCodes.Status413PayloadTooLarge, "The body must be at most 4 MiB. Send the events in several requests.");

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events were refused with 503: the database is away ({Cause})")]
    private static partial void LogDatabaseAway(ILogger log, string cause);
}

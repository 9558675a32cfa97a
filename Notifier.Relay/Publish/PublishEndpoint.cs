using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Fanout;
using Notifier.Relay.Operations;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Publish;

/// <summary><c>POST /v1/publish</c>: out to the sockets at once; 202 when it is in the database.</summary>
internal sealed class PublishEndpoint(RecentPublications recent, AcceptQueue queue, Switchboard switchboard, TimeProvider clock, RelayMetrics metrics)
{
    public const int MaxBytes = 4 * 1024 * 1024;
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = 16 };

    public async Task<IResult> PublishAsync(HttpRequest request)
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(request.Body, Json, request.HttpContext.RequestAborted);
        }
        catch (JsonException e)
        {
            return ApiProblem.Of(StatusCodes.Status400BadRequest, $"$ is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", "$");
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return ApiProblem.Of(StatusCodes.Status413PayloadTooLarge, "The body must be at most 4 MiB. Send the messages in several requests.");
        }

        using (document)
        {
            if (PublishReader.Read(document.RootElement, clock.GetUtcNow(), out var bad) is not { } messages)
                return ApiProblem.Of(StatusCodes.Status400BadRequest, $"{bad}.", bad!.Path);
            if (ApiKeys.OnlySite(request.HttpContext.User) is { } only && messages.FindIndex(m => m.Site != only) is >= 0 and var foreign)
                return ApiKeys.OfAnotherSite(document.RootElement.ValueKind == JsonValueKind.Array ? $"$[{foreign}].site" : "$.site");
            return await PublishAsync(request.HttpContext, messages);
        }
    }

    private async Task<IResult> PublishAsync(HttpContext http, List<PublishedMessage> messages)
    {
        if (!queue.HasRoom(messages.Count))
        {
            metrics.Published("full", messages.Count);
            http.Response.Headers.RetryAfter = "1";
            return ApiProblem.Of(StatusCodes.Status429TooManyRequests, "Too many messages wait for the database. Send this again later.");
        }

        var attempts = new List<(Task<AdmissionResult> End, bool IsNew)>(messages.Count);
        foreach (var message in messages)
        {
            var publication = recent.Get(message, age: TimeSpan.Zero);
            var attempt = publication.Admission.Attempt(out var first);
            if (first)
            {
                switchboard.Publish(publication); // before it can be accepted: what the log has reached is told by accept rows
                queue.Add(publication);
            }
            attempts.Add((attempt, first));
        }

        var (accepted, duplicates) = (0, 0);
        foreach (var (end, isNew) in attempts)
        {
            var result = await end;
            if (result is AdmissionResult.Away)
            {
                metrics.Published("away", messages.Count);
                http.Response.Headers.RetryAfter = "5";
                return ApiProblem.Of(StatusCodes.Status503ServiceUnavailable, "The database is away. Send this again: who was reached already is not told twice.");
            }
            if (result is AdmissionResult.Accepted && isNew) accepted++;
            else duplicates++;
        }
        metrics.Published("accepted", accepted);
        metrics.Published("duplicate", duplicates);
        return Results.Json(new { accepted, duplicates }, statusCode: StatusCodes.Status202Accepted);
    }
}

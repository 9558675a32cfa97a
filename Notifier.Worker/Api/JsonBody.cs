using System.Text.Json;
using Notifier.Domain;

namespace Notifier.Worker.Api;

/// <summary>Reads a small JSON object: 400 for what is not JSON, 413 over 64 KiB, 422 for the first bad member.</summary>
internal static class JsonBody
{
    public const int MaxBytes = 64 * 1024;
    private const int MaxDepth = 16;
    private static readonly JsonDocumentOptions Json = new() { MaxDepth = MaxDepth };

    /// <returns>What <paramref name="read"/> made of it; or null, and the answer that refuses it.</returns>
    public static async Task<(T? Read, IResult? Refusal)> ReadAsync<T>(HttpRequest request, Func<JsonMembers, T?> read)
        where T : class
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(request.Body, Json, request.HttpContext.RequestAborted);
        }
        catch (JsonException e)
        {
            return (null, ApiProblem.Of(StatusCodes.Status400BadRequest, $"$ is not JSON of at most {MaxDepth} levels: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", "$"));
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return (null, ApiProblem.Of(StatusCodes.Status413PayloadTooLarge, "The body must be at most 64 KiB."));
        }

        using (document)
        {
            var faults = new JsonMembers.Faults();
            var value = read(new JsonMembers(document.RootElement, "$", faults));
            return faults.First is { } bad ? (null, ApiProblem.Unprocessable(bad)) : (value, null);
        }
    }
}

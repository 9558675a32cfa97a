using Notifier.Worker.Api;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Recipients;

/// <summary><c>PUT</c> and <c>DELETE /v1/sites/{site}/recipients/{id}</c>.</summary>
internal static class RecipientEndpoints
{
    private static readonly TimeSpan ShortestDelay = TimeSpan.FromMinutes(1);

    /// <summary>Replaces what the site has said of the person; all of it, so that two calls in a row leave what the second says.</summary>
    public static async Task<IResult> PutAsync(RoutePath path, HttpRequest request, RecipientStore recipients, IHostEnvironment environment, CancellationToken cancellation)
    {
        // In development a person wants to watch the ladder in seconds.
        var shortest = environment.IsDevelopment() ? TimeSpan.Zero : ShortestDelay;
        var (details, refusal) = await JsonBody.ReadAsync(request, members => RecipientReader.Read(members, shortest));
        if (details is null) return refusal!;
        await recipients.PutAsync(path.Key, details, cancellation);
        return Results.NoContent();
    }

    public static async Task<IResult> DeleteAsync(RoutePath path, ErasureStore erasure, CancellationToken cancellation)
    {
        await erasure.EraseAsync(path.Key, cancellation);
        return Results.NoContent();
    }
}

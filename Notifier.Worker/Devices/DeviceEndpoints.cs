using Notifier.Worker.Api;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Devices;

/// <summary><c>PUT</c> and <c>DELETE /v1/sites/{site}/recipients/{id}/subscriptions</c>, <c>GET /v1/sites/{site}/vapid-public-key</c>.</summary>
internal static class DeviceEndpoints
{
    private sealed record Removal(string Endpoint);

    /// <summary>Registers what <c>PushSubscription.toJSON()</c> says. A page may do so at every start: said again, it is registered anew.</summary>
    public static async Task<IResult> PutAsync(
        RoutePath path, HttpRequest request, SubscriptionReader reader, SiteDirectory sites, SubscriptionStore subscriptions,
        CancellationToken cancellation)
    {
        var site = sites.Of(path.Site);
        var (registration, refusal) = await JsonBody.ReadAsync(request, members => reader.Read(members, site.Keys));
        if (registration is null) return refusal!;
        await subscriptions.RegisterAsync(path.Key, registration, site.Keys.Current?.PublicKey, site.Policy.SubscriptionsPerRecipient, cancellation);
        return Results.NoContent();
    }

    /// <summary>Removes it if it is this person's; 204 where it is not there, or somebody else's by now.</summary>
    public static async Task<IResult> DeleteAsync(RoutePath path, HttpRequest request, SubscriptionStore subscriptions, CancellationToken cancellation)
    {
        var (removal, refusal) = await JsonBody.ReadAsync(request, members => new Removal(SubscriptionReader.Endpoint(members)));
        if (removal is null) return refusal!;
        if (Uri.TryCreate(removal.Endpoint, UriKind.Absolute, out var endpoint)) await subscriptions.RemoveAsync(path.Key, endpoint.AbsoluteUri, cancellation);
        return Results.NoContent();
    }

    /// <summary>The key of today, also while the one before still signs. As it is, in text/plain: <c>applicationServerKey: await response.text()</c> is all that a page needs.</summary>
    public static IResult GetKey(RoutePath path, SiteDirectory sites) => sites.Of(path.Site).Keys.Current is { } current
        ? Results.Text(current.PublicKey)
        : ApiProblem.Of(StatusCodes.Status404NotFound, $"Web Push is off for {path.Site}: WebPush__PublicKey and WebPush__PrivateKey are not set.");
}

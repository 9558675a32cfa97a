using Notifier.Domain;
using Notifier.Domain.WebPush;
using Notifier.Worker.Storage;
using Notifier.Worker.WebPush;

namespace Notifier.Worker.Devices;

/// <summary>
/// Reads what a browser's <c>PushSubscription.toJSON()</c> gives, and what push.js adds to it. Its <c>expirationTime</c> is of no use: push services say when a
/// subscription is gone.
/// </summary>
internal sealed class SubscriptionReader(EndpointGuard guard)
{
    private const int LongestKey = 200, LongestDevice = 64;

    /// <param name="keys">The site's.</param>
    /// <returns>Null where a member is bad, which is then named.</returns>
    public Registration? Read(JsonMembers members, VapidKeyring keys)
    {
        var endpoint = Endpoint(members);
        if (Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && guard.Refuses(uri) is { } problem) members.Fault("endpoint", problem);
        var pair = members.Object("keys");
        if (!PushSubscription.TryCreate(endpoint, pair.Id("p256dh", LongestKey), pair.Id("auth", LongestKey), out var subscription, out var bad)) members.Fault(bad.Member, bad.Reason);

        var key = members.OptionalString("applicationServerKey", LongestKey)?.TrimEnd('=').Replace('+', '-').Replace('/', '_');
        // Nothing could ever be pushed to it; so refused, the browser can subscribe anew.
        if (key is not null && keys.Find(key) is null) members.Fault("applicationServerKey", "must be the key of GET vapid-public-key: push messages are not signed with this one here");
        var device = members.OptionalString("device", LongestDevice);
        var replaces = members.OptionalString("replaces", PushSubscription.MaxEndpointLength);
        return subscription is null ? null : new Registration(subscription, key, device, Uri.TryCreate(replaces, UriKind.Absolute, out var old) ? old.AbsoluteUri : null);
    }

    public static string Endpoint(JsonMembers members) => members.Id("endpoint", PushSubscription.MaxEndpointLength);
}

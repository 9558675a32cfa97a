using Notifier.Domain;
using Notifier.Domain.WebPush;
using Notifier.Worker.WebPush;

namespace Notifier.Worker.Devices;

/// <summary>Reads what a browser's <c>PushSubscription.toJSON()</c> gives. Its <c>expirationTime</c> is of no use: push services say when a subscription is gone.</summary>
internal sealed class SubscriptionReader(EndpointGuard guard)
{
    private const int LongestKey = 200;

    /// <returns>Null where a member is bad, which is then named.</returns>
    public PushSubscription? Read(JsonMembers members)
    {
        var endpoint = Endpoint(members);
        if (Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) && guard.Refuses(uri) is { } problem) members.Fault("endpoint", problem);
        var keys = members.Object("keys");
        if (!PushSubscription.TryCreate(endpoint, keys.Id("p256dh", LongestKey), keys.Id("auth", LongestKey), out var subscription, out var bad)) members.Fault(bad.Member, bad.Reason);
        return subscription;
    }

    public static string Endpoint(JsonMembers members) => members.Id("endpoint", PushSubscription.MaxEndpointLength);
}

using Notifier.Domain;

namespace Notifier.Tests.Operations;

internal static class CancelledMessages
{
    public static UnseenMessage With(Ruling? email, long seq = 1) => new(
        $"m-{seq}", seq, MessageKind.Direct, DeliveryOutcome.Undelivered, Presence.Offline, ActiveHere: false, Mentioned: false, Urgent: false, Own: false, Deleted: false,
        DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, LastActivity: null, ExpiresAt: null, Push: null, Email: email);
}

using System.Security.Cryptography;
using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;
using Notifier.Relay.Outcomes;

namespace Notifier.Relay.Presences;

/// <summary>What the notifier is told besides outcomes: docs/relay-events.md.</summary>
internal sealed class Facts(EventLog events)
{
    private long _count;

    public Fact PresenceChanged(RecipientKey person, Presence state, string? conversation, DateTimeOffset? lastActive, DateTimeOffset at) => Of(
        person.Site, "presence.changed", null, at,
        new { site = person.Site, recipient = person.Recipient, presence = RelayFrames.Word(state), conversation, lastActiveAt = lastActive, node = events.Epoch });

    /// <param name="id">The same mark again is the same event.</param>
    /// <param name="device">The browser it was read in: its own notifications are not taken back.</param>
    public static Fact Seen(RecipientKey person, string id, string conversation, long seq, string? device, DateTimeOffset at, Action kept) => new(
        Json(person.Site, "conversation.seen", id, at, new { site = person.Site, recipient = person.Recipient, conversation, seq, at, device }), kept);

    public Fact Alive(string site, int leaseSeconds, DateTimeOffset at) => Of(site, "relay.alive", null, at, new { site, node = events.Epoch, leaseSeconds });

    /// <summary>A short id for what a client may repeat.</summary>
    public static string Digest(params string[] parts) => Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\x1f', parts))).AsSpan(0, 16));

    private Fact Of(string site, string type, string? id, DateTimeOffset at, object data) => new(Json(site, type, id ?? $"{events.Epoch}:{Interlocked.Increment(ref _count)}", at, data));

    private static string Json(string site, string type, string id, DateTimeOffset at, object data) =>
        JsonSerializer.Serialize(new { specversion = "1.0", id, source = $"/sites/{site}/relay", type, time = at, data });
}

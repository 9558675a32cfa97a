using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Notifier.Domain.WebPush;

/// <summary>How soon a device should be woken (RFC 8030 §5.3).</summary>
public enum Urgency
{
    /// <summary>On power and Wi-Fi only.</summary>
    VeryLow,

    /// <summary>On power or Wi-Fi. Dismissals.</summary>
    Low,

    /// <summary>Groups.</summary>
    Normal,

    /// <summary>Even on a low battery. Direct messages and mentions.</summary>
    High,
}

/// <summary>A push message before encryption.</summary>
/// <param name="Payload">JSON in UTF-8, at most <see cref="MessageEncryption.MaxPlaintext"/> bytes.</param>
/// <param name="TimeToLive">How long the push service keeps it (RFC 8030 §5.2); at least a second, since some refuse 0.</param>
/// <param name="Topic">Takes the place of one that still waits under the same topic (RFC 8030 §5.4).</param>
public sealed record PushMessage(ReadOnlyMemory<byte> Payload, TimeSpan TimeToLive, Urgency Urgency, string Topic)
{
    /// <summary>The word of the Urgency header.</summary>
    public string UrgencyWord => Urgency switch { Urgency.VeryLow => "very-low", Urgency.Low => "low", Urgency.High => "high", _ => "normal" };

    /// <summary>The TTL header: whole seconds.</summary>
    public long TtlSeconds => Math.Max(1, (long)TimeToLive.TotalSeconds);
}

/// <summary>The topic of a conversation: exactly 32 characters of base64url (RFC 8030 §5.4), and nothing a push service could learn from.</summary>
public static class PushTopic
{
    public static string Of(ReadOnlySpan<byte> key, string site, string conversation) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{site}\x1f{conversation}")).AsSpan(0, 24));
}

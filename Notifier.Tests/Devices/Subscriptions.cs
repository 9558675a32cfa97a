using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Notifier.Tests.Api;

namespace Notifier.Tests.Devices;

/// <summary>What browsers send, and what becomes of it.</summary>
internal static class Subscriptions
{
    public static readonly string P256dh = NewKey(), Auth = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));

    public static string Endpoint(string name) => $"https://fcm.googleapis.com/fcm/send/{name}";

    /// <summary>As <c>PushSubscription.toJSON()</c> writes it.</summary>
    public static string Json(string? endpoint, string? p256dh = null, string? auth = null) =>
        JsonSerializer.Serialize(new { endpoint, expirationTime = (long?)null, keys = new { p256dh = p256dh ?? P256dh, auth = auth ?? Auth } });

    public static Task<Answer> RegisterAsync(this ApiHost host, string recipient, string endpoint, string site = "acme") =>
        host.SendAsync(HttpMethod.Put, $"/v1/sites/{site}/recipients/{recipient}/subscriptions", Json(endpoint));

    public static Task<Answer> RemoveAsync(this ApiHost host, string recipient, string endpoint) =>
        host.SendAsync(HttpMethod.Delete, $"/v1/sites/acme/recipients/{recipient}/subscriptions", JsonSerializer.Serialize(new { endpoint }));

    public static string NewKey()
    {
        using var key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        var q = key.ExportParameters(false).Q;
        return Base64Url.EncodeToString([4, .. q.X!, .. q.Y!]);
    }
}

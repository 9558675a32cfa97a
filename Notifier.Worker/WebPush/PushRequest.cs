using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>The request for the delivery of one push message (RFC 8030 §5, RFC 8292 §3).</summary>
internal static class PushRequest
{
    private static readonly MediaTypeHeaderValue OctetStream = new("application/octet-stream");

    /// <param name="body">What <see cref="MessageEncryption"/> made of the payload. Its length is known, so a Content-Length goes with it: WNS answers 411 without.</param>
    /// <param name="authorization">From <see cref="VapidTokens"/>.</param>
    public static HttpRequestMessage Of(PushSubscription subscription, PushMessage message, byte[] body, string authorization)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = OctetStream;
        content.Headers.ContentEncoding.Add("aes128gcm");
        var request = new HttpRequestMessage(HttpMethod.Post, subscription.Endpoint)
        {
            Content = content,
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        request.Headers.TryAddWithoutValidation("TTL", message.TtlSeconds.ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("Urgency", message.UrgencyWord);
        request.Headers.TryAddWithoutValidation("Topic", message.Topic);
        return request;
    }
}

using System.Text;
using Microsoft.Extensions.Options;
using Notifier.Domain.WebPush;

namespace Notifier.Worker.WebPush;

/// <summary>Requests the delivery of push messages (RFC 8030 §5), over few connections with many requests each. Every ending is a <see cref="PushOutcome"/>.</summary>
internal sealed class PushServiceClient : IDisposable
{
    private const int MaxAnswer = 4096;

    private readonly HttpClient _http;
    private readonly EndpointGuard _guard;
    private readonly VapidTokens _tokens;
    private readonly TimeProvider _clock;
    private readonly TimeSpan _timeout;

    public PushServiceClient(IOptions<WebPushOptions> options, EndpointGuard guard, VapidTokens tokens, TimeProvider clock)
        : this(options, guard, tokens, clock, Handler(options.Value, new GuardedConnect(options.Value.AllowLoopback)))
    {
    }

    internal PushServiceClient(IOptions<WebPushOptions> options, EndpointGuard guard, VapidTokens tokens, TimeProvider clock, SocketsHttpHandler handler)
    {
        (_guard, _tokens, _clock, _timeout) = (guard, tokens, clock, options.Value.Timeout);
        // Not from IHttpClientFactory, whose handlers log every URL: an endpoint is a secret.
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <param name="signer">Null: as the settings say.</param>
    public async Task<PushOutcome> SendAsync(PushSubscription subscription, PushMessage message, CancellationToken cancellation, VapidSigner? signer = null)
    {
        // Again after registration: the list may be shorter by now, and a row may have been written by other hands.
        if (_guard.Refuses(subscription.Endpoint) is { } reason) return new PushOutcome(PushResult.Blocked, Answer: $"the endpoint {reason}");
        var authorization = signer is null ? _tokens.For(subscription.Origin, subscription.ApplicationServerKey) : _tokens.For(subscription.Origin, signer);
        using var request = PushRequest.Of(subscription, message, MessageEncryption.Encrypt(subscription, message.Payload.Span), authorization);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(_timeout);
        try
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            var said = answer.IsSuccessStatusCode ? "" : await ReadAsync(answer, timeout.Token);
            return PushOutcome.Of((int)answer.StatusCode, Header(answer, "Retry-After"), said, _clock.GetUtcNow());
        }
        catch (HttpRequestException e) when (e.InnerException is BlockedAddressException)
        {
            return new PushOutcome(PushResult.Blocked, Answer: "the host is not at a public address");
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return new PushOutcome(PushResult.Transient, Answer: e is HttpRequestException { HttpRequestError: var error } ? error.ToString() : "no answer in time");
        }
    }

    internal static SocketsHttpHandler Handler(WebPushOptions options, GuardedConnect connect) => new()
    {
        ConnectCallback = connect.ConnectAsync,
        ConnectTimeout = options.Timeout / 2,
        // A push service has no business sending us elsewhere, nor has a proxy of the environment between us.
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ActivityHeadersPropagator = null, // what we trace is not for others
        EnableMultipleHttp2Connections = true,
        PooledConnectionLifetime = TimeSpan.FromMinutes(30), // so that changed names are followed
        KeepAlivePingDelay = TimeSpan.FromSeconds(30),
    };

    /// <summary>The beginning of what a push service says; WNS says it in headers.</summary>
    private static async Task<string> ReadAsync(HttpResponseMessage answer, CancellationToken cancellation)
    {
        var buffer = new byte[MaxAnswer];
        var read = 0;
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellation);
            // Piece by piece, so that what came before a break is kept.
            while (read < MaxAnswer && await body.ReadAsync(buffer.AsMemory(read), cancellation) is > 0 and var more) read += more;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // The status was said and means the same without its words; a 410 whose text never ends is still a 410.
        }
        var wns = string.Join(' ', answer.Headers.Where(h => h.Key.StartsWith("X-WNS-", StringComparison.OrdinalIgnoreCase)).Select(h => $"{h.Key}: {string.Join(',', h.Value)}"));
        return $"{wns} {Encoding.UTF8.GetString(buffer, 0, read).Replace('\0', ' ')}".Trim();
    }

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    public void Dispose() => _http.Dispose();
}

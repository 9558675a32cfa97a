using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>How a browser acknowledged a push message: 100 delivered, 101 could not be decrypted, 102 not delivered for another reason.</summary>
internal sealed record BrowserAck(string Channel, string Version, int Code);

/// <summary>
/// The push service of a real browser, on 127.0.0.1: RFC 8030 towards the application server, Mozilla's WebSocket protocol towards Firefox. While the browser is away
/// it keeps what comes, of each topic the newest.
/// </summary>
internal sealed class BrowserPushService : IAsyncDisposable
{
    private sealed record Subscription(string Channel, string Key);

    private sealed record Waiting(string Channel, string Version, string? Topic, string Data);

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Subscription> _subscriptions = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<Waiting> _waiting = [];
    private readonly CancellationTokenSource _ending = new();
    private WebSocket? _browser;
    private bool _forgets;

    private BrowserPushService()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.UseWebSockets();
        _app.Map("/", BrowserAsync);
        _app.MapPost("/wpush/{token}", PushAsync);
    }

    public Journal<BrowserAck> Acks { get; } = new();

    /// <summary>Changes a bit of the next push message, as who sits in between could.</summary>
    public bool TampersOnce { get; set; }

    public Uri Address => new(_app.Urls.First());

    /// <summary>How many endpoints the browser holds.</summary>
    public int Subscriptions => _subscriptions.Count;

    public static async Task<BrowserPushService> StartAsync()
    {
        var service = new BrowserPushService();
        await service._app.StartAsync();
        return service;
    }

    /// <summary>As a push service that has lost its data: the browser gets a new name, and drops every subscription.</summary>
    public async Task ForgetAsync()
    {
        await _turn.WaitAsync();
        try
        {
            _forgets = true;
            _subscriptions.Clear();
            _waiting.Clear();
            _browser!.Abort();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What waits for the browser.</summary>
    public async Task<int> WaitingAsync()
    {
        await _turn.WaitAsync();
        try
        {
            return _waiting.Count;
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _turn.Dispose();
        _ending.Dispose();
    }

    /// <summary>RFC 8030 §5 and RFC 8292 §4.2: 201 for who signs with the key that the subscription was made for.</summary>
    private async Task<IResult> PushAsync(string token, HttpRequest request)
    {
        if (!_subscriptions.TryGetValue(token, out var subscription)) return Results.StatusCode(410);
        if (request.Headers.Authorization.ToString().Split(", k=") is not [_, var key] || key != subscription.Key) return Results.Json(new { code = 401, errno = 109, error = "Unauthorized" }, statusCode: 401);
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        var data = body.ToArray();
        if (TampersOnce) data[^20] ^= 1;
        TampersOnce = false;
        var message = new Waiting(subscription.Channel, Guid.NewGuid().ToString(), request.Headers["Topic"], Base64Url.EncodeToString(data));
        await _turn.WaitAsync();
        try
        {
            if (_browser is { State: WebSocketState.Open }) await DeliverAsync(message);
            else if (message.Topic is not null) _waiting.RemoveAll(w => w.Channel == message.Channel && w.Topic == message.Topic);
            _waiting.Add(message); // until it is acknowledged
        }
        finally
        {
            _turn.Release();
        }
        return Results.StatusCode(201);
    }

    private async Task BrowserAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }
        using var socket = await context.WebSockets.AcceptWebSocketAsync("push-notification");
        var buffer = new byte[64 * 1024];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), _ending.Token) is { MessageType: WebSocketMessageType.Text } got)
            {
                var said = JsonNode.Parse(buffer.AsSpan(0, got.Count))!.AsObject();
                await _turn.WaitAsync(_ending.Token);
                try
                {
                    await HeardAsync(socket, said);
                }
                finally
                {
                    _turn.Release();
                }
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // A browser that is closed says no goodbye.
        }
        Interlocked.CompareExchange(ref _browser, null, socket);
    }

    private async Task HeardAsync(WebSocket socket, JsonObject said)
    {
        switch ((string?)said["messageType"])
        {
            case "hello":
                _browser = socket;
                var name = (string?)said["uaid"] is { Length: > 0 } known && !_forgets ? known : Guid.NewGuid().ToString("N");
                _forgets = false;
                await SayAsync(socket, new { messageType = "hello", uaid = name, status = 200, use_webpush = true, broadcasts = new { } });
                foreach (var message in _waiting) await DeliverAsync(message);
                break;
            case "register":
                var token = Guid.NewGuid().ToString("N");
                var channel = (string)said["channelID"]!;
                // The key comes in the standard alphabet or the one for URLs, with or without padding.
                _subscriptions[token] = new(channel, ((string)said["key"]!).TrimEnd('=').Replace('+', '-').Replace('/', '_'));
                await SayAsync(socket, new { messageType = "register", channelID = channel, status = 200, pushEndpoint = new Uri(Address, $"/wpush/{token}") });
                break;
            case "unregister":
                foreach (var (t, s) in _subscriptions) if (s.Channel == (string?)said["channelID"]) _subscriptions.TryRemove(t, out _);
                await SayAsync(socket, new { messageType = "unregister", channelID = (string?)said["channelID"], status = 200 });
                break;
            case "ack":
                foreach (var update in said["updates"]!.AsArray())
                {
                    var ack = new BrowserAck((string)update!["channelID"]!, (string)update["version"]!, (int)update["code"]!);
                    _waiting.RemoveAll(w => w.Version == ack.Version);
                    Acks.Add(ack);
                }
                break;
            case null: // a ping
                await SayAsync(socket, new { });
                break;
        }
    }

    private Task DeliverAsync(Waiting message) => SayAsync(
        _browser!, new { messageType = "notification", channelID = message.Channel, version = message.Version, data = message.Data, headers = new { encoding = "aes128gcm" } });

    private static async Task SayAsync(WebSocket socket, object said)
    {
        try
        {
            await socket.SendAsync(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(said), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        catch (WebSocketException)
        {
            // It has gone: what is kept for it comes with its next hello.
        }
    }
}

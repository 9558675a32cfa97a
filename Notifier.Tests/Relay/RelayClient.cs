using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Notifier.Tests.Devices;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>A browser's side of the protocol, on .NET's own WebSocket.</summary>
internal sealed class RelayClient : IAsyncDisposable
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private readonly ClientWebSocket _socket = new();
    private Task _reading = Task.CompletedTask;

    private RelayClient()
    {
        _socket.Options.AddSubProtocol("relay.1");
    }

    public Journal<JsonElement> Frames { get; } = new();

    public TaskCompletionSource<int?> Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Acknowledges each event as it comes.</summary>
    public bool Acknowledges { get; set; }

    public JsonElement Welcome { get; private set; }

    public string Epoch => Welcome.GetProperty("ep").GetString()!;

    /// <summary>Comes back as the browser client does: with the newest place that this one was told, as its welcome, an event or a ping say it.</summary>
    /// <param name="unread">What this one could not open.</param>
    public Task<RelayClient> ResumeAsync(Uri address, string recipient, params string[] unread)
    {
        var o = Welcome.GetProperty("o").GetInt64();
        var x = Welcome.GetProperty("x").GetInt64();
        foreach (var frame in Frames.Entries.Where(f => Kind(f) is "ev" or "ping" && f.TryGetProperty("o", out _)))
            (o, x) = (Math.Max(o, frame.GetProperty("o").GetInt64()), Math.Max(x, frame.GetProperty("x").GetInt64()));
        return ConnectAsync(address, recipient, (Epoch, o), accepted: x, unread: unread);
    }

    /// <summary>The events, in the order they came.</summary>
    public JsonElement[] Events => [.. Frames.Entries.Where(f => Kind(f) == "ev")];

    /// <param name="header">In place of the usual one.</param>
    public static string TokenFor(string recipient, string site = "acme", double minutes = 10, string? header = null) =>
        Jwt.Sign(Claims(recipient, site, minutes), RelayHost.ConnectKey, header: header);

    public static Dictionary<string, object?> Claims(string recipient, string site = "acme", double minutes = 10)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new() { ["iss"] = site, ["sub"] = recipient, ["aud"] = "relay", ["iat"] = now.ToUnixTimeSeconds(), ["exp"] = now.AddMinutes(minutes).ToUnixTimeSeconds() };
    }

    /// <summary>Opens the socket and says nothing.</summary>
    public static async Task<RelayClient> OpenAsync(Uri address, string? origin = RelayHost.Origin)
    {
        var client = new RelayClient();
        if (origin is not null) client._socket.Options.SetRequestHeader("Origin", origin);
        await client._socket.ConnectAsync(new UriBuilder(address) { Scheme = "ws", Path = "/v1/ws" }.Uri, TestContext.Current.CancellationToken);
        client._reading = client.ReadAsync();
        return client;
    }

    /// <summary>Opens the socket, says hello, and is welcomed.</summary>
    public static async Task<RelayClient> ConnectAsync(
        Uri address, string recipient, (string Epoch, long Offset)? resume = null, string state = "online", string? conversation = null, long? accepted = null,
        string[]? unread = null)
    {
        var client = await OpenAsync(address);
        await client.HelloAsync(TokenFor(recipient), resume, state, conversation, accepted, unread);
        client.Welcome = await client.WaitAsync("welcome");
        return client;
    }

    public Task HelloAsync(
        string token, (string Epoch, long Offset)? resume = null, string state = "online", string? conversation = null, long? accepted = null, string[]? unread = null) => SendAsync(new
        {
            t = "hello",
            v = 1,
            tok = token,
            dev = "d-1",
            st = state,
            conv = conversation,
            tabs = 1,
            idle = 0,
            resume = resume is { } r ? new { ep = r.Epoch, o = r.Offset, x = accepted, unread = unread ?? [] } : null,
        });

    public Task AckAsync(long offset) => SendAsync(new { t = "ack", o = offset });

    public Task SendAsync(object frame) => SendTextAsync(JsonSerializer.Serialize(frame));

    public Task SendTextAsync(string text, WebSocketMessageType type = WebSocketMessageType.Text) =>
        _socket.SendAsync(Encoding.UTF8.GetBytes(text), type, endOfMessage: true, TestContext.Current.CancellationToken);

    public Task<JsonElement> WaitAsync(string kind, Func<JsonElement, bool>? wanted = null) =>
        Frames.WaitForAsync(f => Kind(f) == kind && (wanted?.Invoke(f) ?? true), Soon, $"a frame {kind}");

    public Task<JsonElement> EventAsync(string id) => WaitAsync("ev", f => f.GetProperty("id").GetString() == id);

    public async Task<int?> ClosedAsync() => await Closed.Task.WaitAsync(Soon, TestContext.Current.CancellationToken);

    /// <summary>As a tab that is closed: a WebSocket close, and no bye.</summary>
    public async Task CloseAsync()
    {
        await _socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, null, TestContext.Current.CancellationToken);
        await _reading;
    }

    /// <summary>As a cable that is pulled, and noticed.</summary>
    public void Abort() => _socket.Abort();

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading;
        _socket.Dispose();
    }

    public static string? Kind(JsonElement frame) => frame.GetProperty("t").GetString();

    private async Task ReadAsync()
    {
        var buffer = new byte[128 * 1024];
        try
        {
            while (true)
            {
                var length = 0;
                WebSocketReceiveResult part;
                do
                {
                    part = await _socket.ReceiveAsync(new ArraySegment<byte>(buffer, length, buffer.Length - length), CancellationToken.None);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close) break;
                var frame = JsonElement.Parse(buffer.AsSpan(0, length));
                Frames.Add(frame);
                if (Acknowledges && Kind(frame) == "ev") await AckAsync(frame.GetProperty("o").GetInt64());
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Closed.Task says so: null.
        }
        Closed.TrySetResult((int?)_socket.CloseStatus);
    }
}

using System.Buffers.Text;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Notifier.Faults.Driving;

namespace Notifier.Faults.Stage;

/// <summary>A browser tab on one of the relays (docs/relay-protocol.md): acknowledges what comes, and goes to another relay when its own is gone.</summary>
internal sealed class Tab : IAsyncDisposable
{
    public const string SigningKey = "a-key-for-connect-tokens-of-the-faults";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _closing = new();
    private readonly Task _living;

    public Tab(string person, IReadOnlyList<Uri> relays, int first) => _living = LiveAsync(person, relays, first);

    /// <summary>Gone without a word, as when the browser crashes.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _living;
        _closing.Dispose();
    }

    private async Task LiveAsync(string person, IReadOnlyList<Uri> relays, int first)
    {
        for (var relay = first; !_closing.IsCancellationRequested; relay++)
        {
            using var socket = new ClientWebSocket();
            socket.Options.AddSubProtocol("relay.1");
            try
            {
                await socket.ConnectAsync(new UriBuilder(relays[relay % relays.Count]) { Scheme = "ws", Path = "/v1/ws" }.Uri, _closing.Token);
                await SendAsync(socket, new JsonObject { ["t"] = "hello", ["v"] = 1, ["tok"] = Token(person), ["dev"] = $"tab-{person}", ["st"] = "online", ["conv"] = null, ["tabs"] = 1, ["idle"] = 0, ["resume"] = null });
                await ReadAsync(socket);
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException)
            {
                await Task.Delay(Pause, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task ReadAsync(ClientWebSocket socket)
    {
        var buffer = new byte[128 * 1024];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                part = await socket.ReceiveAsync(buffer.AsMemory(length), _closing.Token);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close) return;
            var frame = JsonNode.Parse(buffer.AsSpan(0, length))!;
            if ((string?)frame["t"] == "ev") await SendAsync(socket, new JsonObject { ["t"] = "ack", ["o"] = (long)frame["o"]! });
        }
    }

    private Task SendAsync(ClientWebSocket socket, JsonObject frame) => socket.SendAsync(Encoding.UTF8.GetBytes(frame.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, _closing.Token);

    /// <summary>RFC 7515, by hand.</summary>
    private static string Token(string person)
    {
        var now = (long)DriverLog.Now;
        var text = $"{Encode(new { alg = "HS256", typ = "JWT" })}.{Encode(new { iss = Plan.Site, sub = person, aud = "relay", iat = now, exp = now + 600 })}";
        return $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(SigningKey), Encoding.ASCII.GetBytes(text)))}";

        static string Encode(object part) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(part));
    }
}

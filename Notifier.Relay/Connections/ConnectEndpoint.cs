using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Connections;

/// <summary><c>GET /v1/ws</c>: what is checked before the upgrade, and the upgrade (RFC 6455 section 4.2). After it the connection is nobody's but ours.</summary>
internal sealed class ConnectEndpoint(
    IOptions<RelayOptions> options, Origins origins, ConnectRate rate, ConnectionTable table, ClientFrames frames, Switchboard switchboard, Ticker ticker)
{
    private const string Protocol = "relay.1";
    private const string HandshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public async Task ConnectAsync(HttpContext http)
    {
        if (Refusal(http) is { } refusal)
        {
            await refusal.ExecuteAsync(http);
            return;
        }

        var transport = http.Features.GetRequiredFeature<IConnectionTransportFeature>().Transport;
        var socket = http.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        var lifetime = http.Features.GetRequiredFeature<IConnectionLifetimeFeature>();
        http.Response.Headers.Upgrade = "websocket";
        http.Response.Headers.SecWebSocketAccept = Accept(http.Request.Headers.SecWebSocketKey!);
        http.Response.Headers.SecWebSocketProtocol = Protocol;
        await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        socket.Blocking = false; // so that a full socket says so, and nobody waits for it. The answer is out: nothing is sent before the client has said hello

        var connection = new SocketConnection(socket, transport.Input, lifetime.Abort, ticker.Now, options.Value) { Left = switchboard.Leave };
        table.Add(connection);
        try
        {
            await connection.RunAsync(frames, ticker);
        }
        finally
        {
            table.Remove(connection);
        }
    }

    private IResult? Refusal(HttpContext http)
    {
        if (!origins.Allow(http.Request)) return ApiProblem.Of(StatusCodes.Status403Forbidden, "This origin may not connect: see Connect__Origins__N.");
        if (!rate.Take(http.Connection.RemoteIpAddress))
        {
            http.Response.Headers.RetryAfter = "1";
            return ApiProblem.Of(StatusCodes.Status429TooManyRequests, "Too many new connections from this address.");
        }
        var headers = http.Request.Headers;
        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } || !"websocket".Equals(headers.Upgrade, StringComparison.OrdinalIgnoreCase)
            || headers.SecWebSocketVersion != "13" || !IsKey(headers.SecWebSocketKey))
        {
            http.Response.Headers.SecWebSocketVersion = "13";
            return ApiProblem.Of(StatusCodes.Status426UpgradeRequired, "This is a WebSocket (RFC 6455), version 13.");
        }
        return headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol").Contains(Protocol) ? null
            : ApiProblem.Of(StatusCodes.Status400BadRequest, $"Sec-WebSocket-Protocol must offer {Protocol}.");
    }

    private static bool IsKey(string? key) => key is { Length: 24 } && Convert.TryFromBase64String(key, stackalloc byte[16], out var length) && length == 16;

    /// <summary>RFC 6455 section 4.2.2 says SHA-1; it proves that this is a WebSocket server, and protects nothing.</summary>
#pragma warning disable CA5350
    private static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + HandshakeGuid)));
#pragma warning restore CA5350
}

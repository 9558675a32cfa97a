using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Connections;

/// <summary>
/// <c>GET /v1/ws</c>: what is checked before the upgrade, and the upgrade (RFC 6455 section 4.2). After it the connection is nobody's but ours. Most come by the
/// <see cref="FrontDoor"/>; here are those whose request came in pieces, or on a connection that was used before; and whoever is refused.
/// </summary>
internal sealed class ConnectEndpoint(
    IOptions<RelayOptions> options, Origins origins, ConnectRate rate, ConnectionTable table, ClientFrames frames, Switchboard switchboard, Ticker ticker, ReadyQueue? ready = null)
{
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
        http.Response.Headers.SecWebSocketAccept = Handshake.Accept(http.Request.Headers.SecWebSocketKey!);
        http.Response.Headers.SecWebSocketProtocol = Handshake.Protocol;
        await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        await RunAsync(new SocketConnection(socket, transport.Input, lifetime.Abort, ticker.Now, options.Value));
    }

    /// <summary>Whether what the front door has read may go on as a WebSocket. If not, Kestrel reads it again, and it is refused here.</summary>
    public bool Admits(IHeaderDictionary headers, IPAddress? address) => !table.IsDraining && origins.Allow(headers) && Handshake.FaultOf(headers) == Handshake.Fault.None && rate.Take(address);

    /// <summary>Takes what comes of a socket whose handshake is done. Returns when it has ended.</summary>
    public Task RunAsync(Socket socket) => RunAsync(new SocketConnection(socket, null, () => Shut(socket), ticker.Now, options.Value));

    /// <summary>Nothing more is sent or read; what the kernel has taken still goes out, which it would not if the socket were closed with something under way.</summary>
    public static void Shut(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The other side was first.
        }
    }

    private async Task RunAsync(SocketConnection connection)
    {
        connection.Left = switchboard.Leave;
        table.Add(connection);
        try
        {
            await connection.RunAsync(frames, ticker, ready);
        }
        finally
        {
            table.Remove(connection);
        }
    }

    /// <summary>For who would come now, by whichever way; null: they may.</summary>
    public static IResult? RefuseNew(HttpContext http, ConnectionTable table, ConnectRate rate)
    {
        var refusal = table.IsDraining ? ApiProblem.Of(StatusCodes.Status503ServiceUnavailable, "This relay is about to end. Connect again: another one answers, or the next.")
            : rate.Take(http.Connection.RemoteIpAddress) ? null
            : ApiProblem.Of(StatusCodes.Status429TooManyRequests, "Too many new connections from this address.");
        return refusal is null ? null : Later(http, refusal);
    }

    public static IResult Later(HttpContext http, IResult refusal)
    {
        http.Response.Headers.RetryAfter = "1";
        return refusal;
    }

    private IResult? Refusal(HttpContext http)
    {
        if (!origins.Allow(http.Request.Headers)) return ApiProblem.Of(StatusCodes.Status403Forbidden, "This origin may not connect: see Connect__Origins__N.");
        if (RefuseNew(http, table, rate) is { } later) return later;
        var fault = http.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } ? Handshake.FaultOf(http.Request.Headers) : Handshake.Fault.NoWebSocket;
        if (fault == Handshake.Fault.NoProtocol) return ApiProblem.Of(StatusCodes.Status400BadRequest, $"Sec-WebSocket-Protocol must offer {Handshake.Protocol}.");
        if (fault == Handshake.Fault.None) return null;
        http.Response.Headers.SecWebSocketVersion = "13";
        return ApiProblem.Of(StatusCodes.Status426UpgradeRequired, "This is a WebSocket (RFC 6455), version 13.");
    }
}

using System.Security.Cryptography;
using System.Text;

namespace Notifier.Relay.Connections;

/// <summary>What makes a request a WebSocket of this protocol (RFC 6455 section 4.2), whoever has read it: Kestrel, or the <see cref="FrontDoor"/>.</summary>
internal static class Handshake
{
    public const string Path = "/v1/ws", Protocol = "relay.1";
    private const string Guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public enum Fault
    {
        None,

        /// <summary>Not the upgrade to a WebSocket, version 13.</summary>
        NoWebSocket,

        /// <summary>The protocol is not among those that the client speaks.</summary>
        NoProtocol,
    }

    public static Fault FaultOf(IHeaderDictionary headers)
    {
        if (!headers.GetCommaSeparatedValues("Connection").Contains("Upgrade", StringComparer.OrdinalIgnoreCase)) return Fault.NoWebSocket;
        if (!"websocket".Equals(headers.Upgrade, StringComparison.OrdinalIgnoreCase) || headers.SecWebSocketVersion != "13" || !IsKey(headers.SecWebSocketKey)) return Fault.NoWebSocket;
        return headers.GetCommaSeparatedValues("Sec-WebSocket-Protocol").Contains(Protocol) ? Fault.None : Fault.NoProtocol;
    }

    /// <summary>RFC 6455 section 4.2.2 says SHA-1; it proves that this is a WebSocket server, and protects nothing.</summary>
#pragma warning disable CA5350
    public static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Guid)));
#pragma warning restore CA5350

    private static bool IsKey(string? key) => key is { Length: 24 } && Convert.TryFromBase64String(key, stackalloc byte[16], out var length) && length == 16;
}

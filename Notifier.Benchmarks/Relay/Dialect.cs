using System.Globalization;
using System.Text;

namespace Notifier.Benchmarks.Relay;

/// <summary>How a client talks to one of the servers, on a WebSocket (the limit: without).</summary>
/// <param name="Path">Where a person connects.</param>
/// <param name="Protocol">The WebSocket subprotocol, if any.</param>
/// <param name="Greeting">What the client says first.</param>
/// <param name="Ready">What a frame holds that says that the client is in.</param>
/// <param name="Event">What a frame holds that is a delivery.</param>
/// <param name="Ack">The acknowledgement of an offset.</param>
internal sealed record Dialect(Func<int, string> Path, string? Protocol, Func<int, string?> Greeting, string Ready, string Event, Func<long, string> Ack)
{
    public static readonly Dialect Ours = new(
        _ => "/v1/ws", "relay.1", n => $$"""{"t":"hello","v":1,"tok":"{{ConnectTokens.For($"u-{n}")}}","dev":"d","st":"online","tabs":1,"idle":0}""",
        "\"welcome\"", "{\"t\":\"ev\"", o => Format("""{"t":"ack","o":{0}}""", o));

    public static readonly Dialect Ws = new(n => $"/v1/ws?u=u-{n}", null, _ => null, "welcome", "{\"t\":\"ev\"", o => Format("""{"o":{0}}""", o));

    public static readonly Dialect SocketIo = new(
        n => $"/socket.io/?EIO=4&transport=websocket&u=u-{n}", null, _ => "40", "welcome", "42[\"ev\"", o => Format("""42["ack",{0}]""", o));

    public static readonly Dialect SignalR = new(
        n => $"/v1/ws?u=u-{n}", null, _ => "{\"protocol\":\"json\",\"version\":1}\u001e", "welcome", "\"target\":\"ev\"",
        o => Format("{\"type\":1,\"target\":\"Ack\",\"arguments\":[{0}]}\u001e", o));

    private static string Format(string text, long o) => text.Replace("{0}", o.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>A client's frame (RFC 6455 section 5.2), masked with zeros: what it costs the server is the same.</summary>
    public static byte[] Frame(string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        byte[] head = payload.Length < 126 ? [0x81, (byte)(0x80 | payload.Length)] : [0x81, 0xFE, (byte)(payload.Length >> 8), (byte)payload.Length];
        return [.. head, 0, 0, 0, 0, .. payload];
    }
}

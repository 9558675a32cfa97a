using System.Text;

namespace Notifier.Tests.Relay;

/// <summary>The upgrade to a WebSocket, however its request comes: the front door takes it, or Kestrel does.</summary>
public sealed class HandshakeTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private const string Line = "GET /v1/ws HTTP/1.1\r\n", Host = "Host: 127.0.0.1\r\n", Upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n",
        Rest = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: other, relay.1\r\n";

    public static TheoryData<string, string[]> Ways => new()
    {
        { "in one piece", [Line + Host + Upgrade + Rest + "\r\n"] },
        { "byte after byte", [.. (Line + Host + Upgrade + Rest + "\r\n").Select(c => c.ToString())] },
        { "with more cookies than the front door reads", [Line + Host + $"Cookie: {new string('x', 9000)}\r\n" + Upgrade + Rest + "\r\n"] },
        { "on a connection that was used before", ["GET /health/live HTTP/1.1\r\n" + Host + "\r\n", Line + Host + Upgrade + Rest + "\r\n"] },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_handshake_is_one_however_it_comes(string way, string[] pieces)
    {
        using var socket = await RawSocket.PlainAsync(relay.Host.Address.Port);
        foreach (var piece in pieces) await socket.SendAsync(Encoding.ASCII.GetBytes(piece));
        var head = await socket.HeadAsync();
        if (head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal)) head = await socket.HeadAsync();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        // RFC 6455 section 1.3 has this key, and this answer to it.
        Assert.Contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Protocol: relay.1\r\n", head, StringComparison.Ordinal);
        await socket.HelloAsync($"handshake {way}");
    }

    [Theory]
    [InlineData(426, Host + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: relay.1\r\n")]
    [InlineData(426, Host + Upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: too short\r\nSec-WebSocket-Protocol: relay.1\r\n")]
    [InlineData(426, Host + "Upgrade: websocket\r\n" + Rest)]
    [InlineData(400, Host + Upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")]
    [InlineData(400, Upgrade + Rest)]
    [InlineData(400, Host + Host + Upgrade + Rest)]
    [InlineData(400, Host + Upgrade + Rest + "Na me: x\r\n")]
    [InlineData(403, Host + Upgrade + Rest + "Origin: https://evil.example\r\n")]
    [InlineData(403, Host + Upgrade + Rest + "Origin: " + RelayHost.Origin + "\r\nOrigin: https://evil.example\r\n")]
    public async Task What_is_not_a_handshake_that_we_take_gets_its_status(int status, string headers)
    {
        using var socket = await RawSocket.PlainAsync(relay.Host.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Line + headers + "\r\n"));
        Assert.StartsWith($"HTTP/1.1 {status} ", await socket.HeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_connects_and_says_nothing_is_let_go()
    {
        await using var host = await RelayHost.StartAsync(relay.Database.RelayConnectionString, ("Relay:HelloTimeout", "00:00:00.3"));
        using var socket = await RawSocket.PlainAsync(host.Address.Port);
        Assert.Null(await socket.ReadAsync());
    }
}

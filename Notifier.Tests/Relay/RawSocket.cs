using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Notifier.Tests.Relay;

/// <summary>A WebSocket by hand: for what no library would send, and for reading only when a test says so.</summary>
internal sealed partial class RawSocket : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly List<byte> _read = [];

    /// <summary>A connection on which nothing was said.</summary>
    public static async Task<RawSocket> PlainAsync(int port, int receiveBuffer = 0)
    {
        var raw = new RawSocket();
        if (receiveBuffer > 0) raw._socket.ReceiveBufferSize = receiveBuffer;
        await raw._socket.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
        return raw;
    }

    /// <summary>… and upgraded.</summary>
    public static async Task<RawSocket> OpenAsync(int port, int receiveBuffer = 0)
    {
        var raw = await PlainAsync(port, receiveBuffer);
        await raw.SendAsync(Encoding.ASCII.GetBytes(
            "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: relay.1\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 101", await raw.HeadAsync(), StringComparison.Ordinal);
        return raw;
    }

    /// <summary>… and welcomed.</summary>
    public static async Task<RawSocket> ConnectAsync(int port, string recipient, int receiveBuffer = 0)
    {
        var raw = await OpenAsync(port, receiveBuffer);
        await raw.HelloAsync(recipient);
        return raw;
    }

    /// <summary>The head of an HTTP answer, with the empty line; its body is skipped.</summary>
    public async Task<string> HeadAsync()
    {
        var length = 0;
        int End() => CollectionsMarshal.AsSpan(_read).IndexOf("\r\n\r\n"u8);
        while (End() < 0) Assert.True(await FillAsync(++length), "the connection ended before the answer");
        var head = Encoding.ASCII.GetString([.. _read.Take(End() + 4)]);
        _read.RemoveRange(0, head.Length);
        if (BodyLength().Match(head) is { Success: true } body)
        {
            var bytes = int.Parse(body.Groups[1].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
            await FillAsync(bytes);
            _read.RemoveRange(0, bytes);
        }
        return head;
    }

    public async Task HelloAsync(string recipient)
    {
        await SendTextAsync(JsonSerializer.Serialize(new { t = "hello", v = 1, tok = RelayClient.TokenFor(recipient), st = "online" }));
        Assert.Contains("\"welcome\"", (await ReadAsync())!.Value.Text, StringComparison.Ordinal);
    }

    [GeneratedRegex("Content-Length: (\\d+)")]
    private static partial Regex BodyLength();

    public async Task SendAsync(byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;) sent += await _socket.SendAsync(bytes.AsMemory(sent), TestContext.Current.CancellationToken);
    }

    public Task SendTextAsync(string text) => SendAsync(Masked(0x81, Encoding.UTF8.GetBytes(text)));

    /// <summary>A client's frame (RFC 6455 section 5.2).</summary>
    public static byte[] Masked(byte first, byte[] payload)
    {
        var bytes = new List<byte> { first };
        if (payload.Length < 126) bytes.Add((byte)(0x80 | payload.Length));
        else if (payload.Length <= ushort.MaxValue) bytes.AddRange([0xFE, (byte)(payload.Length >> 8), (byte)payload.Length]);
        else
        {
            var length = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(length, (ulong)payload.Length);
            bytes.Add(0xFF);
            bytes.AddRange(length);
        }
        byte[] key = [0x11, 0x22, 0x33, 0x44];
        bytes.AddRange(key);
        bytes.AddRange(payload.Select((b, i) => (byte)(b ^ key[i & 3])));
        return [.. bytes];
    }

    /// <summary>The next frame of the relay; null: the connection has ended.</summary>
    public async Task<(int Opcode, string Text, int? Code)?> ReadAsync()
    {
        if (!await FillAsync(2)) return null;
        int length = _read[1], header = 2;
        if (length == 126)
        {
            if (!await FillAsync(4)) return null;
            (length, header) = ((_read[2] << 8) | _read[3], 4);
        }
        Assert.InRange(length, 0, 65_535);
        if (!await FillAsync(header + length)) return null;
        var opcode = _read[0] & 0x0F;
        byte[] payload = [.. _read.Skip(header).Take(length)];
        _read.RemoveRange(0, header + length);
        return (opcode, Encoding.UTF8.GetString(payload), opcode == 8 ? BinaryPrimitives.ReadUInt16BigEndian(payload) : null);
    }

    /// <summary>Everything until the connection ends.</summary>
    public async Task<List<(int Opcode, string Text, int? Code)>> ReadAllAsync()
    {
        var frames = new List<(int, string, int?)>();
        while (await ReadAsync() is { } frame) frames.Add(frame);
        return frames;
    }

    public void Dispose() => _socket.Dispose();

    private async Task<bool> FillAsync(int length)
    {
        var buffer = new byte[16 * 1024];
        while (_read.Count < length)
        {
            try
            {
                var more = await _socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(20));
                if (more == 0) return false;
                _read.AddRange(buffer.AsSpan(0, more));
            }
            catch (SocketException)
            {
                return false;
            }
        }
        return true;
    }
}

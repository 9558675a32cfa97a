using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Notifier.Benchmarks.Relay;

/// <summary>Many clients of one server, in this process. They count what comes, and acknowledge it where they are told to.</summary>
internal sealed class Crowd : IDisposable
{
    private readonly Dialect? _dialect;
    private readonly byte[] _event;
    private readonly Client[] _clients;
    private long _received;

    private Crowd(Dialect? dialect, int size)
    {
        _dialect = dialect;
        _event = Encoding.ASCII.GetBytes(dialect?.Event ?? "");
        _clients = [.. Enumerable.Range(0, size).Select(n => new Client(this, n))];
    }

    public long Received => Interlocked.Read(ref _received);

    public bool Acknowledges { get; set; }

    /// <summary>Called with each delivery's frame.</summary>
    public Action<ReadOnlySpan<byte>>? Delivered { get; set; }

    /// <param name="dialect">Null: the limit, plain TCP.</param>
    public static async Task<Crowd> ConnectAsync(int port, Dialect? dialect, int size)
    {
        var crowd = new Crowd(dialect, size);
        foreach (var some in crowd._clients.Chunk(50)) await Task.WhenAll(some.Select(c => c.ConnectAsync(port))).WaitAsync(TimeSpan.FromSeconds(120));
        return crowd;
    }

    public async Task WaitForAsync(long received)
    {
        for (var start = Stopwatch.GetTimestamp(); Received < received;)
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(60)) throw new TimeoutException($"{Received} of {received} deliveries came");
            await Task.Delay(1);
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
    }

    private sealed class Client(Crowd crowd, int number) : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<byte> _parts = [];
        private byte[] _buffer = new byte[2048];
        private int _length;

        public async Task ConnectAsync(int port)
        {
            await _socket.ConnectAsync(IPAddress.Loopback, port);
            if (crowd._dialect is not { } dialect)
            {
                await _socket.SendAsync("c"u8.ToArray());
                _ = ReadAsync();
                return;
            }
            var protocol = dialect.Protocol is { } name ? $"Sec-WebSocket-Protocol: {name}\r\n" : "";
            await _socket.SendAsync(Encoding.ASCII.GetBytes(
                $"GET {dialect.Path(number)} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"));
            int end;
            while ((end = _buffer.AsSpan(0, _length).IndexOf("\r\n\r\n"u8)) < 0) await FillAsync();
            if (!_buffer.AsSpan().StartsWith("HTTP/1.1 101"u8)) throw new InvalidOperationException(Encoding.ASCII.GetString(_buffer, 0, _length));
            Drop(end + 4);
            if (dialect.Greeting(number) is { } greeting) await _socket.SendAsync(Dialect.Frame(greeting));
            _ = ReadAsync();
            await _ready.Task;
        }

        public void Dispose() => _socket.Dispose();

        private async Task ReadAsync()
        {
            try
            {
                while (true)
                {
                    Take();
                    if (!await FillAsync()) return;
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                _ready.TrySetException(e);
            }
        }

        private void Take()
        {
            var at = 0;
            var count = 0;
            while (_length - at >= 2)
            {
                int length = _buffer[at + 1], header = 2;
                if (length == 126)
                {
                    if (_length - at < 4) break;
                    (length, header) = ((_buffer[at + 2] << 8) | _buffer[at + 3], 4);
                }
                if (_length - at < header + length) break;
                var payload = Whole(_buffer[at], _buffer.AsSpan(at + header, length));
                if (crowd._dialect is null) count += Opened(payload);
                else if (payload.StartsWith("{\"t\":\"ping\""u8)) _socket.Send(Dialect.Frame("{\"t\":\"pong\"}"));
                else if (!_ready.Task.IsCompleted && payload.IndexOf(Encoding.ASCII.GetBytes(crowd._dialect.Ready)) >= 0) _ready.TrySetResult();
                else
                    // SignalR puts several messages into one frame, where they come close together.
                    for (int next; (next = payload.IndexOf(crowd._event)) >= 0; payload = payload[(next + crowd._event.Length)..]) count += Opened(payload[next..]);
                at += header + length;
            }
            Drop(at);
            if (count > 0) Interlocked.Add(ref crowd._received, count);
        }

        /// <returns>The message, once its last frame has come; SignalR sends long ones in parts (RFC 6455 section 5.4).</returns>
        private ReadOnlySpan<byte> Whole(byte first, ReadOnlySpan<byte> payload)
        {
            if (crowd._dialect is null || (first >= 0x81 && _parts.Count == 0)) return payload;
            _parts.AddRange(payload);
            if (first < 0x80) return default;
            var whole = _parts.ToArray();
            _parts.Clear();
            return whole;
        }

        private int Opened(ReadOnlySpan<byte> payload)
        {
            crowd.Delivered?.Invoke(payload);
            if (crowd.Acknowledges) Acknowledge(crowd._dialect is null ? 0 : OffsetOf(payload));
            return 1;
        }

        private void Acknowledge(long offset)
        {
            var frame = crowd._dialect is { } dialect ? Dialect.Frame(dialect.Ack(offset)) : "aaaaaaaaaaaaaaaaaaaaaaaaaa"u8.ToArray();
            _socket.Send(frame);
        }

        private static long OffsetOf(ReadOnlySpan<byte> payload)
        {
            var rest = payload[(payload.IndexOf("\"o\":"u8) + 4)..];
            return System.Buffers.Text.Utf8Parser.TryParse(rest, out long offset, out _) ? offset : throw new InvalidOperationException("an event without an offset");
        }

        private async ValueTask<bool> FillAsync()
        {
            if (_length == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
            var more = await _socket.ReceiveAsync(_buffer.AsMemory(_length));
            _length += more;
            return more > 0;
        }

        private void Drop(int bytes)
        {
            _buffer.AsSpan(bytes, _length - bytes).CopyTo(_buffer);
            _length -= bytes;
        }
    }
}

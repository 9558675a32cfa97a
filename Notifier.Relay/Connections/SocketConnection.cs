using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Notifier.Relay.Connections;

/// <summary>
/// A WebSocket. What is sent is written straight to the socket, without a copy and without waiting; only what the socket does not take is queued. Nothing else
/// writes to it once the upgrade is done.
/// </summary>
/// <param name="input">What Kestrel reads of it, and may end at any time; null: nobody else has it.</param>
internal sealed class SocketConnection(Socket socket, PipeReader? input, Action abort, long now, RelayOptions options) : Connection(now, options)
{
    private const int Chunk = 16 * 1024;

    /// <summary>How long a closed connection may take to say goodbye.</summary>
    private const long LingerMilliseconds = 3000;

    [ThreadStatic]
    private static byte[]? _message, _received;

    private readonly int _descriptor = input is null ? (int)socket.SafeHandle.DangerousGetHandle() : -1;
    private FrameReader _reader;
    private byte[]? _rest;
    private Queue<(ReadOnlyMemory<byte> Bytes, long Since)>? _queue;
    private long _queued;
    private long _allowance;
    private bool _pumping;
    private long _abortAt;

    /// <summary>Takes what the client sends until the connection ends. Returns when it has.</summary>
    public async Task RunAsync(ClientFrames frames, Ticker ticker, ReadyQueue? ready)
    {
        socket.Blocking = false; // so that a full socket says so, and nobody waits for it. The answer is out: nothing is sent before the client has said hello
        try
        {
            if (input is null) await ready!.UntilAsync(socket, () => Receive(frames, ticker));
            else await ReadAsync(input, frames, ticker);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException or InvalidOperationException or SocketException or Microsoft.AspNetCore.Connections.ConnectionAbortedException)
        {
            // The other side is gone; so are we.
        }
        finally
        {
            lock (Gate) HasEnded = true; // before the socket is closed, whatever has ended it: its descriptor may be another connection's then
            Leave();
        }
    }

    /// <returns>Whether there may be more.</returns>
    private bool Receive(ClientFrames frames, Ticker ticker)
    {
        var buffer = _received ??= new byte[Chunk];
        var length = _rest?.Length ?? 0;
        _rest?.CopyTo(buffer, 0);
        if (LibC.Receive(_descriptor, buffer.AsSpan(length)) is not { } count) return true;
        if (count == 0) return false;
        var rest = new ReadOnlySequence<byte>(buffer, 0, length + count);
        if (!Take(ref _reader, ref rest, frames, ticker)) return false;
        _rest = rest.IsEmpty ? null : rest.ToArray(); // a frame that is not here whole, which the reader bounds
        return true;
    }

    private async Task ReadAsync(PipeReader pipe, ClientFrames frames, Ticker ticker)
    {
        while (true)
        {
            var read = await pipe.ReadAsync();
            var buffer = read.Buffer;
            var goOn = Take(ref _reader, ref buffer, frames, ticker);
            pipe.AdvanceTo(buffer.Start, buffer.End);
            if (!goOn || read.IsCompleted) return;
        }
    }

    private bool Take(ref FrameReader reader, ref ReadOnlySequence<byte> buffer, ClientFrames frames, Ticker ticker)
    {
        var message = _message ??= new byte[FrameReader.MaxMessage];
        while (true)
        {
            var incoming = reader.Read(ref buffer, message, out var payload);
            if (incoming == Incoming.Nothing) return true;
            if (ClosedWith is not null)
            {
                // It is over: the rest is read only to see the client close.
                if (incoming == Incoming.Close) return false;
                if (incoming != Incoming.Bad) continue;
                buffer = buffer.Slice(buffer.End);
                return true;
            }
            if (!Received(ticker.Now))
            {
                Close(CloseCode.RateLimit);
                continue;
            }
            switch (incoming)
            {
                case Incoming.Text:
                    frames.Take(this, payload);
                    break;
                case Incoming.Ping:
                    Send(Frame.Pong(payload));
                    break;
                case Incoming.Close:
                    Answer(payload);
                    return false;
                case Incoming.Bad:
                    Close(CloseCode.BadRequest);
                    buffer = buffer.Slice(buffer.End);
                    return true;
            }
        }
    }

    public override void Close(CloseCode code)
    {
        lock (Gate)
        {
            if (IsClosed) return;
            if (code != CloseCode.SlowConsumer) Write(RelayFrames.Bye(code));
            if (IsClosed) return; // that was too much for it
            End(code);
        }
    }

    public override void Tick(long now)
    {
        if (Volatile.Read(ref _abortAt) is > 0 and var at && now >= at)
        {
            abort();
            return;
        }
        lock (Gate)
        {
            if (_queue is { Count: > 0 } && !IsClosed && now - _queue.Peek().Since > Options.QueueAge.TotalMilliseconds) TooSlow();
        }
    }

    public override void Allow(long bytes)
    {
        lock (Gate) _allowance += bytes;
    }

    protected override void Write(Frame frame)
    {
        ReadOnlyMemory<byte> rest = frame.Bytes;
        LastSent = Environment.TickCount64;
        if (!_pumping)
        {
            if (TrySend(rest.Span) is not { } sent) return;
            if (sent == rest.Length) return;
            rest = rest[sent..];
        }
        Enqueue(rest);
        if (_queued > Options.QueueBytes + _allowance && !IsClosed) TooSlow();
    }

    /// <returns>How much the socket has taken; null: it is gone.</returns>
    private int? TrySend(ReadOnlySpan<byte> bytes)
    {
        if ((input is null ? LibC.Send(_descriptor, bytes) : TrySendKestrels(bytes)) is { } sent) return sent;
        HasEnded = true;
        abort();
        return null;
    }

    /// <summary>The same for a socket that Kestrel may close meanwhile.</summary>
    private int? TrySendKestrels(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var sent = socket.Send(bytes, SocketFlags.None, out var error);
            return error switch { SocketError.Success => sent, SocketError.WouldBlock => 0, _ => null };
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    private void Enqueue(ReadOnlyMemory<byte> rest)
    {
        (_queue ??= new()).Enqueue((rest, Environment.TickCount64));
        _queued += rest.Length;
        if (_pumping) return;
        _pumping = true;
        _ = PumpAsync();
    }

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                ReadOnlyMemory<byte> first;
                lock (Gate)
                {
                    if (_queue!.Count == 0)
                    {
                        _pumping = false;
                        _allowance = 0;
                        _queue = null;
                        return;
                    }
                    first = _queue.Peek().Bytes;
                }
                for (var rest = first; !rest.IsEmpty;) rest = rest[await socket.SendAsync(rest)..];
                lock (Gate)
                {
                    _queue!.Dequeue();
                    _queued -= first.Length;
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            lock (Gate) HasEnded = true;
            abort();
            Leave();
        }
    }

    /// <summary>What lies behind the frame that is under way is not sent: the client resumes at what it has.</summary>
    private void TooSlow()
    {
        var underWay = _queue!.Dequeue();
        _queue.Clear();
        _queue.Enqueue(underWay);
        _queued = underWay.Bytes.Length;
        End(CloseCode.SlowConsumer);
    }

    private void End(CloseCode code)
    {
        ClosedWith = code; // first: what is written from now on is not too much again
        Write(Frame.Close((int)code));
        Leave();
        Volatile.Write(ref _abortAt, Environment.TickCount64 + LingerMilliseconds);
    }

    /// <summary>RFC 6455 section 5.5.1: a close is answered with one.</summary>
    private void Answer(ReadOnlySpan<byte> payload)
    {
        lock (Gate)
        {
            if (IsClosed) return;
            var code = payload.Length >= 2 ? System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(payload) : 1000;
            Write(Frame.Close(code is >= 1000 and < 5000 and not (1005 or 1006 or 1015) ? code : 1002));
            HasEnded = true;
        }
    }
}

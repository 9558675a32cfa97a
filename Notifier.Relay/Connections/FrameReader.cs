using System.Buffers;
using System.Buffers.Binary;

namespace Notifier.Relay.Connections;

/// <summary>What came.</summary>
internal enum Incoming
{
    /// <summary>Not yet a whole frame.</summary>
    Nothing,

    /// <summary>A whole text message.</summary>
    Text,

    /// <summary>A WebSocket ping (RFC 6455 section 5.5.2), not the protocol's own.</summary>
    Ping,

    /// <summary>A WebSocket pong, or a part of a message that is not yet whole.</summary>
    Pong,

    /// <summary>The client closes.</summary>
    Close,

    /// <summary>Not a frame that a client may send: binary, unmasked, too long, or against RFC 6455.</summary>
    Bad,
}

/// <summary>Reads a client's WebSocket frames (RFC 6455 section 5) from the connection's own buffers. A message has at most 4 KiB.</summary>
internal struct FrameReader
{
    public const int MaxMessage = 4096;
    private const int Continuation = 0x0, TextOpcode = 0x1, CloseOpcode = 0x8, PingOpcode = 0x9, PongOpcode = 0xA;

    // Parts of a message that came in several frames; browsers do not do that with messages this small.
    private byte[]? _parts;
    private int _length;

    /// <param name="input">What there is; moved behind what was read.</param>
    /// <param name="buffer">At least <see cref="MaxMessage"/> bytes: where the payload is put, unmasked.</param>
    public Incoming Read(ref ReadOnlySequence<byte> input, Span<byte> buffer, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        Span<byte> head = stackalloc byte[8];
        if (input.Length < 2) return Incoming.Nothing;
        input.Slice(0, 2).CopyTo(head);
        var (first, second) = (head[0], head[1]);
        var final = (first & 0x80) != 0;
        var opcode = first & 0x0F;
        // No extension was agreed, and a client masks (sections 5.2 and 5.1); a control frame is short and whole (5.5).
        if ((first & 0x70) != 0 || (second & 0x80) == 0) return Incoming.Bad;
        var length = second & 0x7F;
        if (opcode >= 8 && (!final || length > 125)) return Incoming.Bad;
        var header = 2;
        if (length == 127) return Incoming.Bad;
        if (length == 126)
        {
            if (input.Length < 4) return Incoming.Nothing;
            input.Slice(2, 2).CopyTo(head);
            length = BinaryPrimitives.ReadUInt16BigEndian(head);
            if (length is > MaxMessage or < 126) return Incoming.Bad;
            header = 4;
        }
        if (input.Length < header + 4 + length) return Incoming.Nothing;
        input.Slice(header, 4).CopyTo(head);
        var data = buffer[..length];
        input.Slice(header + 4, length).CopyTo(data);
        Unmask(data, head[..4]);
        input = input.Slice(header + 4 + length);
        switch (opcode)
        {
            case TextOpcode when _parts is null && final:
                payload = data;
                return Incoming.Text;
            case TextOpcode when _parts is null:
            case Continuation when _parts is not null:
                return Join(data, final, buffer, out payload);
            case CloseOpcode when length != 1:
                payload = data;
                return Incoming.Close;
            case PingOpcode:
                payload = data;
                return Incoming.Ping;
            case PongOpcode:
                return Incoming.Pong;
            default:
                return Incoming.Bad;
        }
    }

    private Incoming Join(ReadOnlySpan<byte> data, bool final, Span<byte> buffer, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        _parts ??= new byte[MaxMessage];
        if (_length + data.Length > MaxMessage) return Incoming.Bad;
        data.CopyTo(_parts.AsSpan(_length));
        _length += data.Length;
        if (!final) return Incoming.Pong;
        var whole = buffer[.._length];
        _parts.AsSpan(0, _length).CopyTo(whole);
        payload = whole;
        (_parts, _length) = (null, 0);
        return Incoming.Text;
    }

    private static void Unmask(Span<byte> data, ReadOnlySpan<byte> key)
    {
        var mask = BinaryPrimitives.ReadUInt32LittleEndian(key);
        var wide = mask | ((ulong)mask << 32);
        while (data.Length >= 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(data, BinaryPrimitives.ReadUInt64LittleEndian(data) ^ wide);
            data = data[8..];
        }
        for (var i = 0; i < data.Length; i++) data[i] ^= key[i & 3];
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Notifier.Relay.Connections;

/// <summary>A frame as it goes over the wire (RFC 6455 section 5.2, unmasked, whole), built once for everyone who gets it.</summary>
internal sealed class Frame
{
    private const byte Final = 0x80, TextOpcode = 0x1, CloseOpcode = 0x8, PongOpcode = 0xA;
    private readonly int _header;

    private Frame(byte[] bytes, int header) => (Bytes, _header) = (bytes, header);

    public byte[] Bytes { get; }

    /// <summary>The JSON, for who polls.</summary>
    public ReadOnlyMemory<byte> Payload => Bytes.AsMemory(_header);

    public static Frame Text(ReadOnlySpan<byte> payload) => Of(TextOpcode, payload);

    public static Frame Text(string json) => Text(Encoding.UTF8.GetBytes(json));

    public static Frame Pong(ReadOnlySpan<byte> payload) => Of(PongOpcode, payload);

    public static Frame Close(int code)
    {
        Span<byte> payload = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        return Of(CloseOpcode, payload);
    }

    /// <summary>A text frame with room for a payload that the caller writes.</summary>
    public static Frame Text(int length, out Span<byte> payload)
    {
        var header = HeaderLength(length);
        var bytes = GC.AllocateUninitializedArray<byte>(header + length);
        WriteHeader(bytes, TextOpcode, length);
        payload = bytes.AsSpan(header);
        return new Frame(bytes, header);
    }

    private static Frame Of(byte opcode, ReadOnlySpan<byte> payload)
    {
        var header = HeaderLength(payload.Length);
        var bytes = GC.AllocateUninitializedArray<byte>(header + payload.Length);
        WriteHeader(bytes, opcode, payload.Length);
        payload.CopyTo(bytes.AsSpan(header));
        return new Frame(bytes, header);
    }

    private static int HeaderLength(int payload) => payload switch { < 126 => 2, <= ushort.MaxValue => 4, _ => 10 };

    private static void WriteHeader(Span<byte> bytes, byte opcode, int length)
    {
        bytes[0] = (byte)(Final | opcode);
        switch (HeaderLength(length))
        {
            case 2:
                bytes[1] = (byte)length;
                break;
            case 4:
                bytes[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], (ushort)length);
                break;
            default:
                bytes[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(bytes[2..], (ulong)length);
                break;
        }
    }
}

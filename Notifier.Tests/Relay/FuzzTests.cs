using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Notifier.Relay.Connections;

namespace Notifier.Tests.Relay;

/// <summary>Frames as nobody would send them: RFC 6455 kept and broken, the protocol's JSON kept and broken, cut into reads anywhere.</summary>
public sealed class FuzzTests(RelayFixture relay, ITestOutputHelper output) : IClassFixture<RelayFixture>
{
    private const int Frames = 100_000, OverASocket = 3000;

    [Fact]
    public void A_hundred_thousand_frames_are_each_read_as_what_they_are_and_nothing_is_held_on_to()
    {
        var seed = Seed();
        var random = new Chance(seed);
        Read(random, 5000); // so that what is made once is made
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var seen = Read(random, Frames);
        var kept = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(kept, long.MinValue, 64_000_000); // a message in parts has 4 KiB; other tests run beside this one
        foreach (var kind in Enum.GetValues<Incoming>().Where(k => k != Incoming.Nothing)) Assert.True(seen.GetValueOrDefault(kind) > 100, $"{kind} came {seen.GetValueOrDefault(kind)} times with seed {seed}");
    }

    [Fact]
    public async Task Over_a_socket_each_bad_frame_has_its_close_code_and_somebody_else_notices_nothing()
    {
        var random = new Chance(Seed());
        await using var other = await RelayClient.ConnectAsync(relay.Host.Address, "fuzz-other");
        for (var sent = 0; sent < OverASocket;)
        {
            var bytes = new List<byte>();
            var isBad = false;
            // Fewer than the limit of frames: what closes the connection is the last of them.
            for (var left = 40; !isBad; left--)
            {
                var (frame, what) = left > 0 ? Next(random, parts: false) : (Frame(0x82, [1], Mask(random)), Incoming.Bad);
                var message = what == Incoming.Text ? Message(frame) : null;
                // Two honest ways to end a connection, and the beginning of a message.
                if (what == Incoming.Close || message is { Kind: ClientFrameKind.Auth } || (what == Incoming.Pong && frame[0] == 0x01)) continue;
                isBad = what == Incoming.Bad || (what == Incoming.Text && message is null);
                if (isBad && left > 0 && random.Next(30) > 0) // so that it comes after many good ones
                {
                    isBad = false;
                    continue;
                }
                bytes.AddRange(frame);
                sent++;
            }
            using var socket = await RawSocket.ConnectAsync(relay.Host.Address.Port, "fuzz");
            await socket.SendAsync([.. bytes]);
            int? code = null;
            while (code is null && await socket.ReadAsync() is { } said) code = said.Code;
            Assert.Equal(4501, code);
        }
        await relay.Host.PublishAsync("fuzz-1", "fuzz-other");
        await other.EventAsync("fuzz-1");
        await other.SendAsync(new { t = "ping" });
        await other.WaitAsync("pong");
    }

    private static ClientFrame? Message(byte[] frame)
    {
        var input = new ReadOnlySequence<byte>(frame);
        Assert.Equal(Incoming.Text, new FrameReader().Read(ref input, new byte[FrameReader.MaxMessage], out var payload));
        return ClientFrame.Read(payload);
    }

    /// <summary>Hands generated frames to the reader, cut anywhere, as <see cref="SocketConnection"/> does.</summary>
    private static Dictionary<Incoming, int> Read(Chance random, int frames)
    {
        var seen = new Dictionary<Incoming, int>();
        var message = new byte[FrameReader.MaxMessage];
        var reader = new FrameReader();
        var rest = Array.Empty<byte>();
        var inParts = false;
        for (var i = 0; i < frames; i++)
        {
            var (bytes, what) = Next(random, inParts);
            var cut = random.Next(bytes.Length + 1);
            var incoming = Incoming.Nothing;
            byte[] text = [];
            foreach (var part in (byte[][])[bytes[..cut], bytes[cut..]])
            {
                if (incoming != Incoming.Nothing) break;
                incoming = Read(ref reader, ref rest, part, message, out text);
            }
            Assert.Equal(what, incoming);
            if (incoming is Incoming.Text) ClientFrame.Read(text);
            seen[incoming] = seen.GetValueOrDefault(incoming) + 1;
            inParts = (what == Incoming.Pong && (bytes[0] & 0x0F) is 0 or 1) || (inParts && what is Incoming.Ping or Incoming.Pong);
            if (incoming is Incoming.Bad or Incoming.Close) (reader, rest, inParts) = (new FrameReader(), [], false); // the connection ends
        }
        return seen;
    }

    private static Incoming Read(ref FrameReader reader, ref byte[] rest, byte[] part, byte[] message, out byte[] text)
    {
        var buffer = Segments(rest, part);
        var incoming = reader.Read(ref buffer, message, out var payload);
        text = payload.ToArray();
        rest = buffer.ToArray();
        return incoming;
    }

    private static ReadOnlySequence<byte> Segments(byte[] first, byte[] second)
    {
        var start = new Segment(first);
        var end = start.Append(second);
        return new ReadOnlySequence<byte>(start, 0, end, second.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes) => Memory = bytes;

        public Segment Append(byte[] bytes)
        {
            var next = new Segment(bytes) { RunningIndex = RunningIndex + Memory.Length };
            Next = next;
            return next;
        }
    }

    /// <param name="parts">A message of several frames has begun.</param>
    /// <returns>A frame, and what it is.</returns>
    private static (byte[] Bytes, Incoming What) Next(Chance random, bool parts)
    {
        var mask = Mask(random);
        var control = random.GetItems("abcdefgh"u8, random.Next(126));
        var large = new byte[FrameReader.MaxMessage + 1];
        switch (random.Next(16))
        {
            case 0: // a bit that no extension has asked for
                return (Frame((byte)(0x81 | (0x10 << random.Next(3))), Json(random), mask), Incoming.Bad);
            case 1: // not masked (section 5.1)
                return (Frame(0x81, Json(random), null), Incoming.Bad);
            case 2: // binary, and opcodes that nobody has
                return (Frame((byte)(0x80 | random.GetItems<int>([0x2, 0x3, 0x7, 0xB, 0xF], 1)[0]), [1, 2, 3], mask), Incoming.Bad);
            case 3: // too long, by the header alone
                return ([0x81, 0xFE, .. BigEndian(random.Next(FrameReader.MaxMessage + 1, 65_536)), .. mask], Incoming.Bad);
            case 4: // of 64 bits
                return ([0x81, 0xFF, .. random.GetItems<byte>([0, 0xFF, 0x7F], 8), .. mask], Incoming.Bad);
            case 5: // a length that has a shorter form (section 5.2)
                return ([0x81, 0xFE, .. BigEndian(random.Next(126)), .. mask], Incoming.Bad);
            case 6: // a control frame that is too long, or a part (section 5.5)
                return (random.Next(2) == 0 ? Frame(0x89, large.AsSpan(0, random.Next(126, 200)), mask) : Frame((byte)random.Next(8, 11), control, mask), Incoming.Bad);
            case 7:
                return (Frame(0x88, [0x03], mask), Incoming.Bad); // half a code
            case 8:
                return (Frame(0x88, random.Next(2) == 0 ? [] : BigEndian(random.Next(65_536)), mask), Incoming.Close);
            case 9:
                return (Frame(0x89, control, mask), Incoming.Ping);
            case 10:
                return (Frame(0x8A, control, mask), Incoming.Pong);
            case 11: // goes on with what has not begun, or begins what has not ended
                return (Frame((byte)(parts ? 0x81 : 0x80), Json(random), mask), Incoming.Bad);
            case 12: // a message in parts
                return (Frame((byte)(parts ? 0x00 : 0x01), random.GetItems("{}\":,"u8, random.Next(40)), mask), Incoming.Pong);
            default:
                return (Frame((byte)(parts ? 0x80 : 0x81), Json(random), mask), Incoming.Text);
        }
    }

    private static readonly string[] Values =
        ["1", "-1", "null", "true", "\"\"", "\"c-1\"", "\"\\u0000\"", "\"\\ud800\"", "[]", "{}", "{\"ep\":\"e\",\"o\":1,\"x\":2}", "1e999", "99999999999999999999", "0.5", "\"active\"", "{\"ep\":{}}", "[[[[[[[[[[[[[[[[[["];

    /// <summary>A frame of the protocol, with something wrong about it more often than not.</summary>
    private static byte[] Json(Chance random)
    {
        string Any(params string[] of) => of[random.Next(of.Length)];
        var text = new StringBuilder("{");
        if (random.Next(8) > 0) text.Append("\"t\":\"").Append(Any("hello", "ack", "seen", "pres", "typing", "auth", "ping", "pong", "bye", "ev", "")).Append('"');
        for (var i = random.Next(5); i > 0; i--) text.Append(text.Length > 1 ? ",\"" : "\"").Append(Any("o", "v", "tok", "dev", "st", "conv", "seq", "cid", "idle", "tabs", "resume", "t", "nobody's")).Append("\":").Append(Any(Values));
        if (random.Next(20) > 0) text.Append('}');
        var bytes = Encoding.UTF8.GetBytes(text.ToString());
        for (var i = random.Next(10) == 0 ? random.Next(1, 4) : 0; i > 0; i--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return bytes;
    }

    private static byte[] Frame(byte first, ReadOnlySpan<byte> payload, byte[]? mask)
    {
        var masked = mask is null ? 0 : 0x80;
        List<byte> bytes = payload.Length < 126 ? [first, (byte)(masked | payload.Length)] : [first, (byte)(masked | 126), .. BigEndian(payload.Length)];
        bytes.AddRange(mask ?? []);
        for (var i = 0; i < payload.Length; i++) bytes.Add((byte)(payload[i] ^ (mask?[i % 4] ?? 0)));
        return [.. bytes];
    }

    private static byte[] BigEndian(int number)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)number);
        return bytes;
    }

    private static byte[] Mask(Chance random) => random.GetItems<byte>([0, 1, 0x55, 0xAA, 0xFF, 0x80], 4);

    private int Seed()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("FUZZ_SEED"), out var given) ? given : RandomNumberGenerator.GetInt32(int.MaxValue);
        output.WriteLine($"FUZZ_SEED={seed}");
        return seed;
    }

    /// <summary>The same for the same seed, on every machine (SplitMix64).</summary>
    private sealed class Chance(int seed)
    {
        private ulong _state = (ulong)seed;

        public int Next(int below)
        {
            _state += 0x9E3779B97F4A7C15;
            var mixed = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            return (int)((mixed ^ (mixed >> 31)) % (ulong)below);
        }

        public int Next(int from, int below) => from + Next(below - from);

        public T[] GetItems<T>(ReadOnlySpan<T> of, int count)
        {
            var items = new T[count];
            for (var i = 0; i < count; i++) items[i] = of[Next(of.Length)];
            return items;
        }
    }
}

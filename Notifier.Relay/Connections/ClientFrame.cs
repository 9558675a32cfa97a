using System.Buffers.Text;
using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Connections;

/// <summary>The kinds of frame a client sends; docs/relay-protocol.md says when.</summary>
internal enum ClientFrameKind
{
    /// <summary>A kind that is not known here.</summary>
    Unknown,
    Hello,
    Ack,
    Unread,
    Seen,
    Pres,
    Typing,
    Auth,
    Ping,
    Pong,
    Bye,
}

/// <summary>A client's frame, read. Members that its kind does not have are ignored.</summary>
internal sealed class ClientFrame
{
    private const int LongestId = 200, LongestDevice = 64, LongestToken = 4096;

    public ClientFrameKind Kind { get; private set; }

    public long Version { get; private set; }

    public string? Token { get; private set; }

    public string? Device { get; private set; }

    public string? Cid { get; private set; }

    public string? Conversation { get; private set; }

    public Presence? State { get; private set; }

    public long? Offset { get; private set; }

    public long? Seq { get; private set; }

    /// <summary>Seconds since the last input.</summary>
    public long Idle { get; private set; }

    public Position? Resume { get; private set; }

    /// <summary>With <see cref="Resume"/>: the messages that were passed over lately.</summary>
    public HashSet<string> Unread { get; } = [];

    /// <summary>What is wrong with a frame that is one otherwise: it is not taken, and the connection goes on.</summary>
    public string? Fault { get; private set; }

    /// <summary>Most frames are acknowledgements, and most of those are written like this one; they are read without an object.</summary>
    public static bool IsPlainAck(ReadOnlySpan<byte> json, out long offset)
    {
        offset = 0;
        var head = """{"t":"ack","o":"""u8;
        return json.StartsWith(head) && json.Length > head.Length && json[head.Length] is >= (byte)'1' and <= (byte)'9' &&
            Utf8Parser.TryParse(json[head.Length..], out offset, out var digits) && json[(head.Length + digits)..].SequenceEqual("}"u8);
    }

    /// <returns>Null: not a frame of this protocol at all.</returns>
    public static ClientFrame? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 16 });
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            var frame = new ClientFrame();
            var hasKind = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName) hasKind |= frame.Member(ref reader);
            if (reader.TokenType != JsonTokenType.EndObject || reader.Read() || !hasKind) return null;
            frame.Fault ??= frame.Missing();
            return frame;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // not JSON; or text in it that is not text
        }
    }

    private bool Member(ref Utf8JsonReader reader)
    {
        if (reader.ValueTextEquals("t"u8)) return SetKind(ref reader);
        if (reader.ValueTextEquals("o"u8)) Offset = Number(ref reader, "o", long.MaxValue);
        else if (reader.ValueTextEquals("conv"u8)) Conversation = Text(ref reader, "conv", LongestId);
        else if (reader.ValueTextEquals("seq"u8)) Seq = Number(ref reader, "seq", long.MaxValue);
        else if (reader.ValueTextEquals("cid"u8)) Cid = Text(ref reader, "cid", LongestDevice);
        else if (reader.ValueTextEquals("st"u8)) SetState(ref reader);
        else if (reader.ValueTextEquals("idle"u8)) Idle = Number(ref reader, "idle", int.MaxValue) ?? 0;
        else if (reader.ValueTextEquals("v"u8)) Version = Number(ref reader, "v", int.MaxValue) ?? 0;
        else if (reader.ValueTextEquals("tok"u8)) Token = Text(ref reader, "tok", LongestToken);
        else if (reader.ValueTextEquals("dev"u8)) Device = Text(ref reader, "dev", LongestDevice);
        else if (reader.ValueTextEquals("resume"u8)) SetResume(ref reader);
        else reader.Skip(); // what is not known here
        return false;
    }

    private bool SetKind(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String) return false;
        Kind = reader.ValueTextEquals("ack"u8) ? ClientFrameKind.Ack
            : reader.ValueTextEquals("unread"u8) ? ClientFrameKind.Unread
            : reader.ValueTextEquals("pong"u8) ? ClientFrameKind.Pong
            : reader.ValueTextEquals("ping"u8) ? ClientFrameKind.Ping
            : reader.ValueTextEquals("pres"u8) ? ClientFrameKind.Pres
            : reader.ValueTextEquals("typing"u8) ? ClientFrameKind.Typing
            : reader.ValueTextEquals("seen"u8) ? ClientFrameKind.Seen
            : reader.ValueTextEquals("hello"u8) ? ClientFrameKind.Hello
            : reader.ValueTextEquals("auth"u8) ? ClientFrameKind.Auth
            : reader.ValueTextEquals("bye"u8) ? ClientFrameKind.Bye
            : ClientFrameKind.Unknown;
        return true;
    }

    private void SetState(ref Utf8JsonReader reader)
    {
        State = Text(ref reader, "st", 10) switch
        {
            "active" => Presence.Active,
            "online" => Presence.Online,
            "idle" => Presence.Idle,
            null => null,
            _ => Bad<Presence?>("st must be active, online or idle"),
        };
    }

    private void SetResume(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            Bad<string>("resume must be an object");
            return;
        }

        string? epoch = null;
        long? offset = null, accepted = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("ep"u8)) epoch = Text(ref reader, "resume.ep", LongestDevice);
            else if (reader.ValueTextEquals("o"u8)) offset = Number(ref reader, "resume.o", long.MaxValue);
            else if (reader.ValueTextEquals("x"u8)) accepted = Number(ref reader, "resume.x", long.MaxValue);
            else if (reader.ValueTextEquals("unread"u8)) SetUnread(ref reader);
            else reader.Skip();
        }
        if (epoch is null || offset is null) Bad<string>("resume needs ep and o");
        else Resume = new Position(epoch, offset.Value, accepted);
    }

    private void SetUnread(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            Bad<string>("resume.unread must be a list");
            return;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String) Unread.Add(reader.GetString()!);
            else
            {
                reader.Skip();
                Bad<string>("resume.unread must be ids of messages");
            }
        }
    }

    private string? Missing() => Kind switch
    {
        ClientFrameKind.Hello when Version != 1 => "v must be 1",
        ClientFrameKind.Auth when Token is null => "tok is missing",
        ClientFrameKind.Ack or ClientFrameKind.Unread when Offset is null => "o is missing",
        ClientFrameKind.Seen when Cid is null => "cid is missing",
        ClientFrameKind.Seen or ClientFrameKind.Typing when Conversation is null => "conv is missing",
        ClientFrameKind.Seen when Seq is null => "seq is missing",
        ClientFrameKind.Pres when State is null => "st is missing",
        _ => null,
    };

    private string? Text(ref Utf8JsonReader reader, string name, int max)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return Bad<string>($"{name} must be a string");
        }

        var text = reader.GetString()!;
        return text.Length is 0 || text.Length > max || text.Any(char.IsControl)
            ? Bad<string>($"{name} must be 1 to {max} characters, and none of them a control character") : text;
    }

    private long? Number(ref Utf8JsonReader reader, string name, long max)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && number >= 0 && number <= max) return number;
        reader.Skip();
        Bad<string>($"{name} must be a whole number from 0 to {max}");
        return null;
    }

    private T? Bad<T>(string fault)
    {
        Fault ??= fault;
        return default;
    }
}

using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Fanout;

namespace Notifier.Relay.Connections;

/// <summary>What the relay says besides events; docs/relay-protocol.md has the members.</summary>
internal static class RelayFrames
{
    public static readonly Frame Ping = Frame.Text("""{"t":"ping"}"""), Pong = Frame.Text("""{"t":"pong"}""");

    /// <summary>A <c>ping</c> that says where the log stands.</summary>
    public static Frame PingAt(long offset, long accepted) => Of("ping", json =>
    {
        json.WriteNumber("o", offset);
        json.WriteNumber("x", accepted);
    });

    public static Frame Welcome(string connection, Missed missed, RelayOptions options, DateTimeOffset expires, DateTimeOffset now) =>
        Of("welcome", json =>
        {
            json.WriteString("conn", connection);
            json.WriteString("ep", missed.From.Epoch);
            json.WriteNumber("o", missed.From.Offset);
            json.WriteNumber("x", missed.From.Accepted ?? 0);
            json.WriteString("rec", Word(missed.Recovery));
            json.WriteNumber("n", missed.Events.Count);
            json.WriteNumber("ping", Math.Ceiling(options.PingAfter.TotalSeconds));
            json.WriteNumber("pong", Math.Ceiling(options.PongTimeout.TotalSeconds));
            json.WriteNumber("exp", expires.ToUnixTimeSeconds());
            json.WriteNumber("now", now.ToUnixTimeMilliseconds());
        });

    public static Frame Ok(string cid) => Of("ok", json => json.WriteString("cid", cid));

    public static Frame Error(string code, string message) => Of("err", json =>
    {
        json.WriteString("code", code);
        json.WriteString("msg", message);
    });

    /// <summary>What to do follows from the code; who wants to back off finds no <c>retry</c>.</summary>
    public static Frame Bye(CloseCode code) => Of("bye", json =>
    {
        json.WriteNumber("code", (int)code);
        if (code < CloseCode.OverCapacity) json.WriteNumber("retry", 0);
        else if (code >= CloseCode.BadToken) json.WriteNull("retry");
    });

    public static Frame Delivered(string conversation, string message, long seq, string by) => Of("dlv", json =>
    {
        json.WriteString("conv", conversation);
        json.WriteString("id", message);
        json.WriteNumber("seq", seq);
        json.WriteString("by", by);
    });

    public static Frame Seen(string conversation, long seq, string by, DateTimeOffset at) => Of("seen", json =>
    {
        json.WriteString("conv", conversation);
        json.WriteNumber("seq", seq);
        json.WriteString("by", by);
        json.WriteNumber("at", at.ToUnixTimeMilliseconds());
    });

    public static Frame Present(string who, Presence state, DateTimeOffset since, string kind = "pres") => Of(kind, json =>
    {
        json.WriteString("who", who);
        json.WriteString("st", Word(state));
        json.WriteNumber("at", since.ToUnixTimeMilliseconds());
    });

    public static Frame Typing(string conversation, string who) => Of("typing", json =>
    {
        json.WriteString("conv", conversation);
        json.WriteString("who", who);
    });

    public static string Word(Recovery recovery) => recovery switch
    {
        Recovery.Full => "full",
        Recovery.Gap => "gap",
        _ => "none",
    };

    public static string Word(Presence state) => state switch
    {
        Presence.Active => "active",
        Presence.Online => "online",
        Presence.Idle => "idle",
        _ => "offline",
    };

    private static Frame Of(string kind, Action<Utf8JsonWriter> write) => Frame.Text(RelaxedJson.Write(json =>
    {
        json.WriteString("t", kind);
        write(json);
    }));
}

using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Connections;

namespace Notifier.Relay.Fanout;

/// <summary>What nodes say to each other in the way of a signal, and no client hears; and what they look into of the signals that clients hear.</summary>
internal static class NodeFrames
{
    private const string AsksPrefix = """{"t":"who",""", PresentPrefix = """{"t":"pres",""", MovedPrefix = """{"t":"moved",""";

    /// <summary>The recipients' connections are to be closed.</summary>
    public const string Disconnect = """{"t":"disconnect"}""";

    /// <summary>Somebody has come, and wants to know which of the recipients are there.</summary>
    public static Frame Asks(string who) => Frame.Text(RelaxedJson.Write(json =>
    {
        json.WriteString("t", "who");
        json.WriteString("who", who);
    }));

    /// <summary>Somebody has left this node, and another one has said of them what is repeated here.</summary>
    public static Frame Moved(string who, Presence state, DateTimeOffset since) => RelayFrames.Present(who, state, since, "moved");

    /// <returns>Who asks; null: this is another frame.</returns>
    public static string? ReadAsks(string frame)
    {
        if (!frame.StartsWith(AsksPrefix, StringComparison.Ordinal)) return null;
        using var document = JsonDocument.Parse(frame);
        return Member(document, "who");
    }

    /// <returns>Who is said to be how present, and since when (<see cref="RelayFrames.Present"/>); null: this is another frame.</returns>
    public static (string Who, Presence State, DateTimeOffset Since)? ReadPresent(string frame) => ReadPresent(frame, PresentPrefix);

    /// <returns>… (<see cref="Moved"/>).</returns>
    public static (string Who, Presence State, DateTimeOffset Since)? ReadMoved(string frame) => ReadPresent(frame, MovedPrefix);

    private static (string Who, Presence State, DateTimeOffset Since)? ReadPresent(string frame, string prefix)
    {
        if (!frame.StartsWith(prefix, StringComparison.Ordinal)) return null;
        using var document = JsonDocument.Parse(frame);
        var (who, word) = (Member(document, "who"), Member(document, "st"));
        foreach (var state in Enum.GetValues<Presence>())
            if (who is not null && RelayFrames.Word(state) == word && document.RootElement.TryGetProperty("at", out var at))
                return (who, state, DateTimeOffset.FromUnixTimeMilliseconds(at.GetInt64()));
        return null;
    }

    private static string? Member(JsonDocument document, string name) => document.RootElement.TryGetProperty(name, out var member) ? member.GetString() : null;
}

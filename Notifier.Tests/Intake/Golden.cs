using System.Runtime.CompilerServices;
using System.Text.Json;
using Notifier.Domain;

namespace Notifier.Tests.Intake;

/// <summary>The events of the contract as files beside this one, and how a test reads one.</summary>
internal static class Golden
{
    public static DateTimeOffset ReceivedAt { get; } = new(2026, 11, 24, 2, 41, 5, TimeSpan.Zero);

    public static string[] Types { get; } = ["message.outcome", "conversation.seen", "message.edited", "message.deleted", "presence.changed", "relay.alive"];

    public static string Text(string type, [CallerFilePath] string here = "") => File.ReadAllText(Path.Combine(Path.GetDirectoryName(here)!, "golden", $"{type}.json"));

    public static RelayEvent? Read(string json, out Unreadable? bad, string path = "$")
    {
        using var document = JsonDocument.Parse(json);
        return RelayEventReader.Read(document.RootElement, ReceivedAt, out bad, path);
    }

    /// <summary>The event that must be there.</summary>
    public static T Read<T>(string json) where T : RelayEvent
    {
        var read = Read(json, out var bad);
        Assert.Null(bad);
        return Assert.IsType<T>(read);
    }

    public static DateTimeOffset At(string time) => DateTimeOffset.Parse($"2026-11-24T{time}Z", System.Globalization.CultureInfo.InvariantCulture);
}

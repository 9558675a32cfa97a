using System.Text.Json;

namespace Notifier.Worker.Intake;

/// <summary>
/// What a key of one site may not send: events of another, and events under another's source. (source, id) makes an event one, so that whoever could use a source of
/// somebody else's could have their events taken for repetitions.
/// </summary>
internal static class ForeignEvents
{
    /// <returns>The JSON path of the first member that is not the site's; null: all are.</returns>
    public static string? First(JsonElement root, string site)
    {
        if (root.ValueKind != JsonValueKind.Array) return In(root, "$", site);
        foreach (var (i, element) in root.EnumerateArray().Index())
            if (In(element, $"$[{i}]", site) is { } path) return path;
        return null;
    }

    private static string? In(JsonElement element, string path, string site)
    {
        if (Member(Member(element, "data"), "site") is not { ValueKind: JsonValueKind.String } named || named.GetString() != site) return $"{path}.data.site";
        var source = Member(element, "source") is { ValueKind: JsonValueKind.String } text ? text.GetString()! : "";
        return source.StartsWith($"/sites/{site}/", StringComparison.Ordinal) || source.StartsWith($"/sites/{Uri.EscapeDataString(site)}/", StringComparison.Ordinal) ? null : $"{path}.source";
    }

    private static JsonElement? Member(JsonElement? element, string name) =>
        element is { ValueKind: JsonValueKind.Object } there && there.TryGetProperty(name, out var member) ? member : null;
}

using System.Text.Json;
using Notifier.Domain;

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
        if (JsonText.Of(JsonText.Member(JsonText.Member(element, "data"), "site")) != site) return $"{path}.data.site";
        var source = JsonText.Of(JsonText.Member(element, "source")) ?? "";
        return source.StartsWith($"/sites/{site}/", StringComparison.Ordinal) || source.StartsWith($"/sites/{Uri.EscapeDataString(site)}/", StringComparison.Ordinal) ? null : $"{path}.source";
    }
}

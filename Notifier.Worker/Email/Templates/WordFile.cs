using System.Text.Json;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email.Templates;

/// <summary>A <c>words</c> file: by key, a pattern, or one for each grammatical number of its language.</summary>
/// <param name="Tag">The language it is in.</param>
internal sealed record WordFile(string Tag, IReadOnlyDictionary<string, IReadOnlyDictionary<PluralCategory, string>> Patterns)
{
    /// <exception cref="FormatException">It is not what it should be; the message says where.</exception>
    public static WordFile Parse(string tag, string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return new WordFile(tag, document.RootElement.EnumerateObject().ToDictionary(member => member.Name, IReadOnlyDictionary<PluralCategory, string> (member) => Forms(member)));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new FormatException(e.Message, e);
        }
    }

    public string? Find(string key, long? count)
    {
        if (!Patterns.TryGetValue(key, out var forms)) return null;
        var category = count is { } n ? PluralRules.Of(Tag, n) : PluralCategory.Other;
        return forms.TryGetValue(category, out var pattern) ? pattern : forms[PluralCategory.Other];
    }

    private static Dictionary<PluralCategory, string> Forms(JsonProperty member)
    {
        if (member.Value.ValueKind == JsonValueKind.String)
            return new Dictionary<PluralCategory, string> { [PluralCategory.Other] = member.Value.GetString()! };
        if (member.Value.ValueKind != JsonValueKind.Object)
            throw new FormatException($"{member.Name}: must be a text, or an object of texts for zero, one, two, few, many and other");
        var forms = new Dictionary<PluralCategory, string>();
        foreach (var form in member.Value.EnumerateObject())
            forms[Category(member.Name, form.Name)] = form.Value.GetString() ?? throw new FormatException($"{member.Name}.{form.Name}: must be a text");
        return forms.ContainsKey(PluralCategory.Other) ? forms : throw new FormatException($"{member.Name}.other: is missing");
    }

    private static PluralCategory Category(string key, string name) => name switch
    {
        "zero" => PluralCategory.Zero,
        "one" => PluralCategory.One,
        "two" => PluralCategory.Two,
        "few" => PluralCategory.Few,
        "many" => PluralCategory.Many,
        "other" => PluralCategory.Other,
        _ => throw new FormatException($"{key}.{name}: must be one of zero, one, two, few, many, other"),
    };
}

using System.Globalization;

namespace Notifier.Worker.Email.Templates;

/// <summary>What we say, in one person's language.</summary>
/// <param name="files">The first that knows a key says it: the site's own words, the shipped ones, English.</param>
/// <param name="chain">The tag that was asked for and what it falls back to: where a site's own templates are looked for.</param>
/// <param name="culture">The person's: writes times and numbers.</param>
internal sealed class Wording(IReadOnlyList<WordFile> files, IReadOnlyList<string> chain, CultureInfo culture)
{
    public IReadOnlyList<string> Chain => chain;

    /// <summary>For the attribute <c>lang</c>.</summary>
    public string Tag => files[0].Tag;

    public CultureInfo Culture => culture;

    public bool RightToLeft => culture.TextInfo.IsRightToLeft;

    public string Direction => RightToLeft ? "rtl" : "ltr";

    public Phrase Say(string key, params (string Name, object Value)[] arguments)
    {
        var values = arguments.ToDictionary(a => a.Name, a => a.Value);
        var count = values.GetValueOrDefault("count") as int?;
        foreach (var file in files)
            if (file.Find(key, count) is { } pattern)
                return new Phrase(pattern, values, culture);
        throw new FormatException($"no words file says {key}");
    }
}

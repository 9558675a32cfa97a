namespace Notifier.Worker.Email.Templates;

/// <summary>BCP 47 tags as sites give them.</summary>
internal static class LocaleTag
{
    private const int Longest = 35; // BCP 47 section 4.4.1

    /// <returns>The tag and what it falls back to, longest first (RFC 4647 section 3.4): <c>zh-Hant-TW</c>, <c>zh-Hant</c>, <c>zh</c>. Empty where it is no tag.</returns>
    public static IReadOnlyList<string> Chain(string? tag)
    {
        var subtags = (tag ?? "").Replace('_', '-').Split('-');
        if (tag is not { Length: > 0 and <= Longest } || !subtags.All(s => s.Length is > 0 and <= 8 && s.All(char.IsAsciiLetterOrDigit)))
            return [];
        return [.. Enumerable.Range(0, subtags.Length).Select(drop => Canonical(subtags[..^drop]))];
    }

    // RFC 5646 section 2.1.1: one spelling, since it names files.
    private static string Canonical(string[] subtags) => string.Join('-', subtags.Select((s, i) => (i, s.Length) switch
    {
        (0, _) => s.ToLowerInvariant(),
        (_, 2) => s.ToUpperInvariant(),
        (_, 4) => string.Concat(s[..1].ToUpperInvariant(), s[1..].ToLowerInvariant()),
        _ => s.ToLowerInvariant(),
    }));
}

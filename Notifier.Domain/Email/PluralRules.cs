namespace Notifier.Domain.Email;

/// <summary>Which form a language uses beside a whole number: the cardinal rules of Unicode CLDR, for the languages we ship and those a European site may add.</summary>
public static class PluralRules
{
    /// <param name="tag">A BCP 47 tag; only <c>pt-PT</c> differs from its language.</param>
    /// <param name="count">0 or more.</param>
    public static PluralCategory Of(string tag, long count)
    {
        var language = tag.Split('-')[0].ToLowerInvariant();
        return language switch
        {
            "ja" or "zh" or "ko" or "vi" or "th" or "id" or "ms" => PluralCategory.Other,
            "ar" => Arabic(count),
            "fr" => Romance(count, one: count is 0 or 1),
            "pt" => Romance(count, one: count == 1 || (count == 0 && !tag.Equals("pt-PT", StringComparison.OrdinalIgnoreCase))),
            "es" or "it" or "ca" => Romance(count, one: count == 1),
            "ru" or "uk" or "be" => EastSlavic(count),
            "pl" => Polish(count),
            "cs" or "sk" => count == 1 ? PluralCategory.One : count is >= 2 and <= 4 ? PluralCategory.Few : PluralCategory.Other,
            "he" => count == 1 ? PluralCategory.One : count == 2 ? PluralCategory.Two : PluralCategory.Other,
            _ => count == 1 ? PluralCategory.One : PluralCategory.Other,
        };
    }

    private static PluralCategory Arabic(long count) => (count, count % 100) switch
    {
        (0, _) => PluralCategory.Zero,
        (1, _) => PluralCategory.One,
        (2, _) => PluralCategory.Two,
        (_, >= 3 and <= 10) => PluralCategory.Few,
        (_, >= 11) => PluralCategory.Many,
        _ => PluralCategory.Other,
    };

    // "un million de messages"
    private static PluralCategory Romance(long count, bool one) =>
        one ? PluralCategory.One : count != 0 && count % 1_000_000 == 0 ? PluralCategory.Many : PluralCategory.Other;

    private static PluralCategory EastSlavic(long count) => (count % 10, count % 100) switch
    {
        (1, not 11) => PluralCategory.One,
        ( >= 2 and <= 4, not (>= 12 and <= 14)) => PluralCategory.Few,
        _ => PluralCategory.Many,
    };

    private static PluralCategory Polish(long count) =>
        count == 1 ? PluralCategory.One : count % 10 is >= 2 and <= 4 && count % 100 is not (>= 12 and <= 14) ? PluralCategory.Few : PluralCategory.Many;
}

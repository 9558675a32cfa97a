namespace Notifier.Domain.Email;

/// <summary>The grammatical numbers of Unicode CLDR. No language uses all of them.</summary>
public enum PluralCategory
{
    /// <summary>Arabic 0.</summary>
    Zero,

    /// <summary>English 1, French 0 and 1.</summary>
    One,

    /// <summary>Arabic 2.</summary>
    Two,

    /// <summary>Arabic 3–10, Polish 2–4.</summary>
    Few,

    /// <summary>Arabic 11–99, Polish 5–21, Spanish 1,000,000.</summary>
    Many,

    /// <summary>The only one of Japanese, and what every language has.</summary>
    Other,
}

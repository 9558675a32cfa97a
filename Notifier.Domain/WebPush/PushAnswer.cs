using System.Text.RegularExpressions;

namespace Notifier.Domain.WebPush;

/// <summary>
/// The text of a push service's answer, made fit for logs, traces and dead letters. Push services repeat what they were sent, and endpoints and
/// tokens are capabilities: whatever looks like one goes, without asking whether it is ours.
/// </summary>
public static partial class PushAnswer
{
    /// <summary>Longest text kept, in characters.</summary>
    public const int MaxLength = 300;

    /// <summary>One line without URLs and key material, cut to <see cref="MaxLength"/>; text that PostgreSQL and UTF-8 can hold.</summary>
    public static string Clean(string text)
    {
        text = Url().Replace(text, "[url]");
        text = KeyMaterial().Replace(text, "[removed]");
        text = Blank().Replace(text, " ").Trim();
        if (text.Length <= MaxLength) return text;
        // Half of a surrogate pair cannot be written as UTF-8: one such answer would stop everything that is written with it.
        return text[..(char.IsHighSurrogate(text[MaxLength - 1]) ? MaxLength - 1 : MaxLength)];
    }

    [GeneratedRegex(@"[a-z][a-z0-9+.-]*:(//|\\/\\/)[^\s""'<>]+", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Url();

    // Tokens (three runs of base64url with dots), keys (43 and 87 characters), the paths of endpoints. Words for errors are shorter:
    // VapidPkHashMismatch has 19 letters.
    [GeneratedRegex(@"[A-Za-z0-9_\-+/=.:%~]{32,}", RegexOptions.CultureInvariant)]
    private static partial Regex KeyMaterial();

    // Control characters too: a line break would let an answer write a line of its own into a log.
    [GeneratedRegex(@"[\s\p{Cc}\p{Cf}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Blank();
}

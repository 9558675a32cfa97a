using System.Globalization;
using System.Text;

namespace Notifier.Worker.Email;

/// <summary>What users wrote, made fit to stand in a header or a mail: nothing in it can end a line, hide, or turn round what stands beside it.</summary>
internal static class UserText
{
    private const string Ellipsis = "…";

    /// <summary>For names and titles: one line, at most <paramref name="most"/> UTF-16 units; empty where nothing visible is left.</summary>
    public static string Line(string? text, int most = 80) => Clean(text, keepLines: false, most);

    /// <summary>
    /// A line for a header. What looks like an encoded-word (RFC 2047) is taken apart: MimeKit writes it as it is, and the reader's client
    /// would decode it, to line breaks or whatever else was hidden in it.
    /// </summary>
    public static string Header(string? text, int most = 250) => Line(text, most).Replace("=?", "= ?", StringComparison.Ordinal);

    /// <summary>For the body: line breaks stay, as LF; at most <paramref name="most"/> UTF-16 units.</summary>
    public static string Block(string? text, int most = 2000) => Clean(text, keepLines: true, most);

    // Ends as soon as there is enough: people write 64 kB of which a line is shown.
    private static string Clean(string? text, bool keepLines, int most)
    {
        var clean = new StringBuilder(Math.Min(text?.Length ?? 0, most + 2));
        var before = default(Rune);
        // Enumerating runes turns lone surrogates into U+FFFD.
        foreach (var rune in (text ?? "").EnumerateRunes())
        {
            if (keepLines && EndsLine(rune))
            {
                if (before.Value != '\r' || rune.Value != '\n') Append("\n");
            }
            else if (Rune.IsWhiteSpace(rune))
                Append(" ");
            else if (!IsHarmful(rune))
                clean.Append(rune);
            before = rune;
            if (clean.Length > most) return Shorten(clean.ToString(), most);
        }

        return clean.ToString().TrimEnd();

        void Append(string space)
        {
            if (clean.Length > 0) clean.Append(space);
        }
    }

    // As string.ReplaceLineEndings has it.
    private static bool EndsLine(Rune rune) => rune.Value is '\n' or '\r' or '\f' or 0x85 or 0x2028 or 0x2029;

    // Controls (NUL among them), and of the format characters those that change direction or cannot be seen. Joiners stay: emoji and
    // Indic and Persian scripts need them.
    private static bool IsHarmful(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control => true,
        UnicodeCategory.Format => rune.Value is not (0x200C or 0x200D) && !IsTag(rune),
        _ => false,
    };

    // Tag characters spell the flags of England, Scotland and Wales.
    private static bool IsTag(Rune rune) => rune.Value is >= 0xE0020 and <= 0xE007F;

    private static string Shorten(string text, int most)
    {
        var end = 0;
        // Between what a person sees as characters, never inside one.
        for (var next = end; next < most; next += StringInfo.GetNextTextElementLength(text, next))
            end = next;
        return text[..end].TrimEnd() + Ellipsis;
    }
}

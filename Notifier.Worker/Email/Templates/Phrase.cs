using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;

namespace Notifier.Worker.Email.Templates;

/// <summary>
/// A sentence of ours with the words of others in it, such as "New messages from {name}". It is put together only where it is written, since the same sentence is
/// markup in one part of a mail and plain text in the other.
/// </summary>
/// <param name="Pattern">What a <c>words</c> file says.</param>
/// <param name="Arguments">By name; a string is text of a user, an int a number, a phrase a phrase.</param>
/// <param name="Culture">Writes the numbers.</param>
internal sealed record Phrase(string Pattern, IReadOnlyDictionary<string, object> Arguments, CultureInfo Culture)
{
    // U+2068 FIRST STRONG ISOLATE and U+2069 POP DIRECTIONAL ISOLATE: what <bdi> is in markup.
    private const char Isolate = '\u2068', Pop = '\u2069';

    /// <summary>For a header: nothing in it that cannot be seen.</summary>
    public string ToLine() => Write(argument => argument);

    /// <summary>For text/plain: what runs the other way is kept from turning round what stands beside it.</summary>
    public override string ToString() => Write(argument => RunsOtherwise(argument) ? $"{Isolate}{argument}{Pop}" : argument);

    public string ToHtml(TextEncoder encoder) => Write(argument => $"<bdi>{encoder.Encode(argument)}</bdi>", encoder);

    private string Write(Func<string, string> others, TextEncoder? encoder = null)
    {
        var text = new StringBuilder();
        var rest = Pattern.AsSpan();
        while (rest.IndexOf('{') is >= 0 and var open && rest[open..].IndexOf('}') is > 0 and var length)
        {
            Literal(rest[..open]);
            var name = rest.Slice(open + 1, length - 1).ToString();
            text.Append(Arguments.GetValueOrDefault(name) switch
            {
                int number => number.ToString("N0", Culture),
                Phrase phrase => phrase.Write(others, encoder),
                string user => others(user),
                _ => throw new FormatException($"there is no {{{name}}} to be said here"),
            });
            rest = rest[(open + length + 1)..];
        }
        Literal(rest);
        return text.ToString();

        void Literal(ReadOnlySpan<char> words) => text.Append(encoder is null ? words.ToString() : encoder.Encode(words.ToString()));
    }

    private bool RunsOtherwise(string argument) =>
        argument.EnumerateRunes().Any(rune => Rune.IsLetter(rune) && IsRightToLeft(rune) != Culture.TextInfo.IsRightToLeft);

    // The blocks of the scripts that run from right to left.
    private static bool IsRightToLeft(Rune rune) =>
        rune.Value is (>= 0x590 and <= 0x8FF) or (>= 0xFB1D and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFF) or (>= 0x10800 and <= 0x10FFF) or (>= 0x1E800 and <= 0x1EFFF);
}

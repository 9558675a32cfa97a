using System.Buffers;
using System.Globalization;
using MimeKit;

namespace Notifier.Worker.Recipients;

/// <summary>Whether mail can go there: one plain address, without a name, comments, quotes or an address literal (RFC 5321 section 4.1.2).</summary>
internal static class EmailAddress
{
    private const int LongestLocalPart = 64; // RFC 5321 section 4.5.3.1.1
    private static readonly SearchValues<char> Special = SearchValues.Create("<>()[]\"\\,;: \t");

    /// <returns>What is wrong with it; null: nothing.</returns>
    public static string? Fault(string text)
    {
        if (text.Any(IsHidden)) return "must not contain control or invisible characters";
        if (text.AsSpan().ContainsAny(Special) || text.EndsWith('.') || !MailboxAddress.TryParse(text, out var mailbox) || mailbox.Domain.Length == 0)
            return "must be one email address without a name, such as ada@acme.example";
        return mailbox.LocalPart.Length > LongestLocalPart ? $"must have at most {LongestLocalPart} characters before the @" : null;
    }

    private static bool IsHidden(char c) =>
        char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}

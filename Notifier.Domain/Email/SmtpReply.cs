using System.Globalization;
using System.Text.RegularExpressions;

namespace Notifier.Domain.Email;

/// <summary>A server's answer.</summary>
/// <param name="Status">The three-digit reply code (RFC 5321 section 4.2).</param>
/// <param name="Text">The rest, lines joined by LF. Servers like to repeat the address here: it is for the trace, never for a log.</param>
public sealed partial record SmtpReply(int Status, string Text)
{
    /// <summary>The enhanced status code at the start of the text (RFC 2034, RFC 3463), or null.</summary>
    public EnhancedStatus? Enhanced { get; } = ReadEnhanced(Text);

    public bool IsTransient => Status is >= 400 and < 500;

    public bool IsPermanent => Status is >= 500 and < 600;

    /// <summary>The codes without the text, such as <c>550 5.1.1</c>: safe in a log.</summary>
    public override string ToString() =>
        Enhanced is { } code ? string.Create(CultureInfo.InvariantCulture, $"{Status} {code.Class}.{code.Subject}.{code.Detail}") : $"{Status}";

    private static EnhancedStatus? ReadEnhanced(string text) => EnhancedStatusPattern().Match(text) is { Success: true } match
        ? new EnhancedStatus(Digits(match.Groups[1]), Digits(match.Groups[2]), Digits(match.Groups[3]))
        : null;

    private static int Digits(Group group) => int.Parse(group.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])", RegexOptions.CultureInvariant)]
    private static partial Regex EnhancedStatusPattern();
}

/// <summary>RFC 3463: class (2, 4, 5), subject (1 addressing, 2 mailbox, 3 system, 4 routing, 5 protocol, 6 content, 7 policy), detail.</summary>
public readonly record struct EnhancedStatus(int Class, int Subject, int Detail);

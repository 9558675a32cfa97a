using System.Text.RegularExpressions;

namespace Notifier.Worker.Operations.Pages;

/// <summary>Addresses, and what others say that may hold one, as operators see them: enough to recognise it, too little to use it.</summary>
internal static partial class Masked
{
    /// <returns><c>a***@example.org</c></returns>
    public static string Address(string address) => address.LastIndexOf('@') is > 0 and var at ? $"{address.EnumerateRunes().First()}***{address[at..]}" : "***";

    /// <summary>
    /// A text of another side, such as a mail server's answer: masked are the addresses in it, of URLs what comes after the host (who knows an endpoint can push to it), and
    /// what is so long and so much of one piece that it may be a key or a token.
    /// </summary>
    public static string Text(string text) =>
        AKey().Replace(AnAddress().Replace(AUrl().Replace(text, url => $"{url.Groups[1].Value}/…"), found => Address(found.Value)), key => $"{key.Value[..Shown]}…");

    private const int Shown = 4;

    [GeneratedRegex("""(?i)\b(https?://[^\s/"'<>]+)/[^\s"'<>]+""")]
    private static partial Regex AUrl();

    [GeneratedRegex("[A-Za-z0-9_+=-]{20,}")]
    private static partial Regex AKey();

    [GeneratedRegex(@"[^\s<>,;:""()@]+@[^\s<>,;:""()@]+")]
    private static partial Regex AnAddress();
}

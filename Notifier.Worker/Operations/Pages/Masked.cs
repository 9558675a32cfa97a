using System.Text.RegularExpressions;

namespace Notifier.Worker.Operations.Pages;

/// <summary>Addresses as operators see them: enough to recognise one, too little to use it.</summary>
internal static partial class Masked
{
    /// <returns><c>a***@example.org</c></returns>
    public static string Address(string address) => address.LastIndexOf('@') is > 0 and var at ? $"{address.EnumerateRunes().First()}***{address[at..]}" : "***";

    /// <summary>A text of another side, such as a mail server's answer, with every address in it masked.</summary>
    public static string Text(string text) => AnAddress().Replace(text, found => Address(found.Value));

    [GeneratedRegex(@"[^\s<>,;:""()@]+@[^\s<>,;:""()@]+")]
    private static partial Regex AnAddress();
}

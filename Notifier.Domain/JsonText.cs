using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Notifier.Domain;

/// <summary>
/// What somebody else wrote may parse and still hold what is no text: half of a surrogate pair, or bytes that are not UTF-8, as a value or in a name beside the one that is
/// looked for. System.Text.Json says so by an exception, at any question; here it is an answer.
/// </summary>
internal static class JsonText
{
    /// <returns>Null: it is not there, or what is there cannot be read.</returns>
    public static JsonElement? Member(JsonElement? element, string name)
    {
        try
        {
            return element is { ValueKind: JsonValueKind.Object } there && there.TryGetProperty(name, out var member) ? member : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <returns>Null: no string, or none that is text.</returns>
    public static string? Of(JsonElement? element)
    {
        try
        {
            return element is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>RFC 8259 section 8.1. What is not can be looked into, and not be kept.</summary>
    public static bool IsUtf8(JsonElement element) => Utf8.IsValid(JsonMarshal.GetRawUtf8Value(element));

    /// <summary>Whether every member has a name that is text.</summary>
    public static bool HasNames(JsonElement element)
    {
        try
        {
            return element.EnumerateObject().All(member => member.Name is not null);
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}

using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Notifier.Domain.WebPush;

/// <summary>
/// What the service worker gets, after decryption. The members are the contract. An alert with an address is a declarative push message as well (Push API, "declarative
/// push message"; Safari 18.4 and later): the browser shows it even where no service worker runs.
/// </summary>
public static class PushPayload
{
    /// <summary>Below what every push service and browser takes.</summary>
    public const int MaxBytes = 3072;

    private const int MaxTitle = 120;

    /// <summary>The value that marks a declarative push message.</summary>
    private const int DeclarativeWebPush = 8030;

    private const string Ellipsis = "…";

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An alert about a conversation. Too long, it loses what a person misses least: the end of the body, the body, the address, the end of the title.</summary>
    /// <param name="title">Who wrote, or what the conversation is called.</param>
    /// <param name="text">The newest message; null where it is sealed.</param>
    /// <param name="count">How many messages are unseen; with more than one the count stands for their text.</param>
    public static byte[] Message(string site, string conversation, string title, string? text, string? url, long count, long upTo, bool withBody = true)
    {
        var body = !withBody ? null : count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{count} new messages") : text ?? "New message";
        var shownTitle = Cut(title, MaxTitle, grapheme => grapheme.Length);
        byte[] Write(string t, string? b) => WriteMessage(site, conversation, t, b, url, count, upTo);

        var whole = Write(shownTitle, body);
        if (whole.Length <= MaxBytes) return whole;
        // Names and an address of the greatest length leave no room: the service worker then opens the site.
        if (Write(shownTitle, null).Length > MaxBytes) url = null;
        if (Write(shownTitle, null).Length > MaxBytes) return Write(Cut(shownTitle, MaxBytes - Write("", null).Length, JsonLength), null);
        var cut = body is null ? "" : Cut(body, (MaxBytes - Write(shownTitle, "").Length) / (url is null ? 1 : 2), JsonLength); // declared, it is written twice
        return Write(shownTitle, cut.Length > 0 ? cut : null);
    }

    /// <summary>Takes back an alert that was seen elsewhere.</summary>
    public static byte[] Dismiss(string site, string conversation, long upTo) => Written(writer =>
    {
        writer.WriteString("type", "dismiss");
        writer.WriteString("site", site);
        writer.WriteString("conversation", conversation);
        writer.WriteString("tag", conversation);
        writer.WriteNumber("upTo", upTo);
    });

    private static byte[] WriteMessage(string site, string conversation, string title, string? body, string? url, long count, long upTo) => Written(writer =>
    {
        writer.WriteString("type", "message");
        writer.WriteString("site", site);
        writer.WriteString("conversation", conversation);
        writer.WriteString("tag", conversation);
        writer.WriteString("title", title);
        writer.WriteString("body", body);
        writer.WriteString("url", url);
        writer.WriteNumber("count", count);
        writer.WriteNumber("upTo", upTo);
        writer.WriteNull("icon");
        if (url is not null) WriteDeclared(writer, conversation, title, body, url);
    });

    private static void WriteDeclared(Utf8JsonWriter writer, string conversation, string title, string? body, string url)
    {
        writer.WriteNumber("web_push", DeclarativeWebPush);
        writer.WriteStartObject("notification");
        writer.WriteString("title", title);
        if (body is not null) writer.WriteString("body", body);
        writer.WriteString("navigate", url);
        writer.WriteString("tag", conversation);
        writer.WriteEndObject();
        // A service worker that does run may close what this one takes the place of.
        writer.WriteBoolean("mutable", true);
    }

    private static byte[] Written(Action<Utf8JsonWriter> members)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Json))
        {
            writer.WriteStartObject();
            members(writer);
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Cuts between graphemes, since half a family emoji is another emoji; nothing where not even one fits.</summary>
    /// <param name="max">What text and ellipsis may measure together.</param>
    private static string Cut(string text, int max, Measure measure)
    {
        if (measure(text) <= max) return text;
        var (end, room) = (0, max - measure(Ellipsis));
        while (StringInfo.GetNextTextElementLength(text, end) is var next && (room -= measure(text.AsSpan(end, next))) >= 0) end += next;
        return end > 0 ? text[..end] + Ellipsis : "";
    }

    private static int JsonLength(ReadOnlySpan<char> text) => JsonEncodedText.Encode(text, Json.Encoder).EncodedUtf8Bytes.Length;

    private delegate int Measure(ReadOnlySpan<char> text);
}

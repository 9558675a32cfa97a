using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Notifier.Domain.WebPush;

/// <summary>What the service worker gets, after decryption. The members are the contract.</summary>
public static class PushPayload
{
    /// <summary>Below what every push service and browser takes.</summary>
    public const int MaxBytes = 3072;

    private const int MaxTitle = 120;

    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An alert about a conversation; too long, the body is cut, then left out.</summary>
    /// <param name="title">Who wrote, or what the conversation is called.</param>
    /// <param name="text">The newest message; null where it is sealed.</param>
    /// <param name="count">How many messages are unseen; with more than one the count stands for their text.</param>
    public static byte[] Message(string site, string conversation, string title, string? text, string? url, long count, long upTo, bool withBody = true)
    {
        var body = !withBody ? null : count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{count} new messages") : text ?? "New message";
        var cutTitle = Cut(title, MaxTitle);
        byte[] Write(string? b) => WriteMessage(site, conversation, cutTitle, b, url, count, upTo);
        // Names and an address of the greatest length leave no room: the service worker then opens the site.
        if (url is not null && Write(null).Length > MaxBytes) url = null;

        var whole = Write(body);
        if (whole.Length <= MaxBytes || body is null) return whole;
        // A character takes at most 6 bytes in JSON here, so this many fit whatever they are.
        var fits = (MaxBytes - Write(null).Length - 10) / 6;
        return fits > 20 ? Write(Cut(body, fits)) : Write(null);
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
    });

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

    /// <summary>Cuts between graphemes: half a family emoji is another emoji.</summary>
    private static string Cut(string text, int max)
    {
        if (text.Length <= max) return text;
        var end = 0;
        while (StringInfo.GetNextTextElementLength(text, end) is var next && end + next < max) end += next;
        return text[..end] + "…";
    }
}

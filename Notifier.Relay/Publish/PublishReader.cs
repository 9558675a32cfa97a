using System.Text.Json;
using System.Text.RegularExpressions;
using Notifier.Domain;

namespace Notifier.Relay.Publish;

/// <summary>Reads what a site publishes. The first bad member is named by its path.</summary>
internal static partial class PublishReader
{
    public const int MaxMessages = 1000, MaxRecipients = 10_000;
    private const int MaxFrame = 64 * 1024, OffsetRoom = 64;

    /// <returns>The messages; null and what is wrong.</returns>
    public static List<PublishedMessage>? Read(JsonElement root, DateTimeOffset now, out Unreadable? bad)
    {
        bad = null;
        if (root.ValueKind != JsonValueKind.Array)
        {
            var one = ReadOne(root, "$", now, out bad);
            return one is null ? null : [one];
        }
        if (root.GetArrayLength() > MaxMessages) bad = new Unreadable("$", $"must hold at most {MaxMessages} messages");
        var messages = new List<PublishedMessage>();
        foreach (var (i, element) in root.EnumerateArray().Index())
        {
            if (bad is not null || ReadOne(element, $"$[{i}]", now, out bad) is not { } message) return null;
            messages.Add(message);
        }
        return bad is null ? messages : null;
    }

    private static PublishedMessage? ReadOne(JsonElement element, string path, DateTimeOffset now, out Unreadable? bad)
    {
        var faults = new JsonMembers.Faults();
        var members = new JsonMembers(element, path, faults);
        var site = members.Id("site", 100);
        var id = members.Id("id");
        var to = members.Ids("to", MaxRecipients);
        var kind = members.Word("kind", ("direct", "direct"), ("mention", "mention"), ("group", "group"));
        var conversation = members.Id("conversation");
        var sentAt = members.OptionalTime("sentAt") ?? now;
        var seq = members.OptionalInteger("seq", 0, long.MaxValue) ?? sentAt.ToUnixTimeMilliseconds() * 1000 + sentAt.Microsecond;
        var title = members.OptionalString("title", 500);
        var sender = members.Object("sender");
        var senderId = sender.Id("id");
        var senderName = sender.OptionalString("name", 200);
        var url = members.OptionalLink("url");
        var text = members.OptionalString("text", MaxFrame);
        var sealed_ = members.OptionalString("sealed", MaxFrame);
        var urgent = members.Flag("urgent");
        var expiresAt = members.OptionalTime("expiresAt");
        if (text is null && sealed_ is null) members.Fault("text", "is missing, and so is sealed");
        else if (text is not null && sealed_ is not null) members.Fault("text", "must not stand beside sealed");
        if (sealed_ is not null && !CompactJwe().IsMatch(sealed_)) members.Fault("sealed", "must be a JWE in compact form, of dir and A256GCM");
        bad = faults.First;
        if (bad is not null) return null;

        var body = RelaxedJson.Write(json =>
        {
            json.WriteString("id", id);
            Content(json);
        }).ToArray();
        var tail = RelaxedJson.Write(json =>
        {
            json.WriteString("id", id);
            json.WriteNumber("ts", now.ToUnixTimeMilliseconds());
            json.WriteString("k", "msg");
            json.WriteString("tag", conversation);
            json.WriteStartObject("d");
            Content(json);
            json.WriteEndObject();
        }).ToArray();
        if (tail.Length + OffsetRoom > MaxFrame) bad = new Unreadable($"{path}.{(text is null ? "sealed" : "text")}", "is too long: the frame of an event has at most 64 KiB");
        return bad is null ? new PublishedMessage(site, id, to, conversation, seq, senderId, body, tail) : null;

        void Content(Utf8JsonWriter json)
        {
            json.WriteString("conversation", conversation);
            json.WriteNumber("seq", seq);
            json.WriteString("kind", kind);
            if (title is not null) json.WriteString("title", title);
            json.WriteStartObject("sender");
            json.WriteString("id", senderId);
            if (senderName is not null) json.WriteString("name", senderName);
            json.WriteEndObject();
            json.WriteString("sentAt", sentAt);
            if (url is not null) json.WriteString("url", url);
            if (text is not null) json.WriteString("text", text);
            if (sealed_ is not null) json.WriteString("sealed", sealed_);
            if (urgent) json.WriteBoolean("urgent", true);
            if (expiresAt is { } end) json.WriteString("expiresAt", end);
        }
    }

    /// <summary>A message as the accept row keeps it.</summary>
    public static PublishedMessage OfAccepted(string site, string id, string[] to, JsonElement body, DateTimeOffset at)
    {
        var conversation = body.GetProperty("conversation").GetString()!;
        var tail = RelaxedJson.Write(json =>
        {
            json.WriteString("id", id);
            json.WriteNumber("ts", at.ToUnixTimeMilliseconds());
            json.WriteString("k", "msg");
            json.WriteString("tag", conversation);
            json.WriteStartObject("d");
            foreach (var member in body.EnumerateObject().Where(m => m.Name != "id")) member.WriteTo(json);
            json.WriteEndObject();
        }).ToArray();
        return new PublishedMessage(site, id, to, conversation, body.GetProperty("seq").GetInt64(), body.GetProperty("sender").GetProperty("id").GetString()!, [], tail);
    }

    /// <summary>RFC 7516 section 7.1; with dir, the key's part is empty (RFC 7518 section 4.5).</summary>
    [GeneratedRegex(@"\A[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\z")]
    private static partial Regex CompactJwe();
}

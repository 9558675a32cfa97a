using System.Text.Json;
using System.Text.RegularExpressions;

namespace Notifier.Domain;

/// <summary>The outside of an event: who sent it under which id, and what it is. <c>source</c> + <c>id</c> make it unique.</summary>
public sealed record EventEnvelope(string Source, string Id, string Type);

/// <summary>Reads a CloudEvent 1.0 in JSON (structured mode) into a <see cref="RelayEvent"/>. Unknown members are ignored; a bad one is named by its path.</summary>
public static partial class RelayEventReader
{
    private const int MaxRecipients = 10_000;

    /// <summary>Reads an event that came from outside.</summary>
    /// <param name="element">The CloudEvent.</param>
    /// <param name="receivedAt">Now: stands in for a missing time, and no event is later than it.</param>
    /// <param name="bad">What is wrong, when null is returned.</param>
    /// <param name="path">Where the event stands in its document: <c>$</c>, or <c>$[3]</c> in a batch.</param>
    public static RelayEvent? Read(JsonElement element, DateTimeOffset receivedAt, out Unreadable? bad, string path = "$") => Read(element, receivedAt, out _, out bad, path);

    /// <inheritdoc cref="Read(JsonElement, DateTimeOffset, out Unreadable?, string)"/>
    /// <param name="named">The outside of it, also where the type is unknown; null: that cannot be read.</param>
    public static RelayEvent? Read(JsonElement element, DateTimeOffset receivedAt, out EventEnvelope? named, out Unreadable? bad, string path = "$")
    {
        var faults = new JsonMembers.Faults();
        var members = new JsonMembers(element, path, faults);
        var envelope = Envelope(members);
        var at = Earlier(members.OptionalTime("time"), receivedAt);
        RelayEvent? read = null;
        named = faults.First is null ? envelope : null;
        if (named is not null)
        {
            if (IsKnown(envelope.Type)) read = Traced(Data(envelope.Type, members.Object("data"), at), element);
            else faults.Add($"{path}.type", $"is not a type that is known here: {envelope.Type}", unknownType: true);
        }
        bad = faults.First;
        return bad is null ? read : null;
    }

    /// <summary>Reads only the envelope, for what is kept of an event that cannot be read.</summary>
    public static EventEnvelope? ReadEnvelope(JsonElement element)
    {
        var faults = new JsonMembers.Faults();
        var envelope = Envelope(new JsonMembers(element, "$", faults));
        return faults.First is null ? envelope : null;
    }

    private static EventEnvelope Envelope(JsonMembers members)
    {
        members.Word("specversion", ("1.0", true));
        return new EventEnvelope(Source: members.Id("source"), Id: members.Id("id"), Type: members.Id("type"));
    }

    /// <summary>CloudEvents Distributed Tracing. One that is no trace is left out, and hinders nothing (W3C Trace Context section 3.2.1).</summary>
    private static RelayEvent Traced(RelayEvent read, JsonElement element) =>
        read is RelayEvent.MessageOutcome outcome && JsonText.Of(JsonText.Member(element, "traceparent")) is { } text && TraceParent().IsMatch(text)
            ? outcome with { Message = outcome.Message with { TraceParent = text } } : read;

    [GeneratedRegex(@"\A00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\z")]
    private static partial Regex TraceParent();

    private static bool IsKnown(string type) =>
        type is "message.outcome" or "conversation.seen" or "message.edited" or "message.deleted" or "presence.changed" or "relay.alive";

    private static RelayEvent Data(string type, JsonMembers data, DateTimeOffset at)
    {
        var site = data.Id("site", 100);
        return type switch
        {
            "message.outcome" => new RelayEvent.MessageOutcome(site, at, Message(data.Object("message"), at), [.. data.Objects("recipients", MaxRecipients).Select(r => Recipient(r, at))]),
            "conversation.seen" => new RelayEvent.ConversationSeen(site, Earlier(data.OptionalTime("at"), at), data.Id("recipient"), data.Id("conversation"), Seq(data), data.OptionalString("device", 64)),
            "message.edited" => Edited(site, data, at),
            "message.deleted" => new RelayEvent.MessageDeleted(site, at, data.Id("conversation"), data.Id("id"), Seq(data)),
            "presence.changed" => new RelayEvent.PresenceChanged(
                site, at, data.Id("recipient"), Presence(data), data.OptionalId("conversation"), Past(data.OptionalTime("lastActiveAt"), at), data.OptionalId("node") ?? ""),
            _ => new RelayEvent.RelayAlive(site, at, data.Id("node"), TimeSpan.FromSeconds(data.Integer("leaseSeconds", 1, 3600))),
        };
    }

    private static MessageContent Message(JsonMembers message, DateTimeOffset at)
    {
        var sender = message.Object("sender");
        var sentAt = Earlier(message.OptionalTime("sentAt"), at);
        var content = new MessageContent(
            message.Id("id"), message.Id("conversation"),
            message.OptionalInteger("seq", 0, long.MaxValue) ?? sentAt.ToUnixTimeMilliseconds() * 1000 + sentAt.Microsecond,
            message.Word("kind", ("direct", MessageKind.Direct), ("mention", MessageKind.Mention), ("group", MessageKind.Group)),
            message.OptionalString("title", 500), sender.Id("id"), sender.OptionalString("name", 200),
            message.OptionalString("text", 65_536), message.OptionalString("sealed", 131_072), sentAt,
            message.OptionalLink("url"), message.Flag("urgent"), message.OptionalTime("expiresAt"));
        if (content.Text is null && content.Sealed is null) message.Fault("text", "is missing, and so is sealed");
        return content;
    }

    private static RecipientOutcome Recipient(JsonMembers recipient, DateTimeOffset at) => new(
        recipient.Id("id"),
        recipient.Word("outcome", ("undelivered", DeliveryOutcome.Undelivered), ("sent", DeliveryOutcome.Sent), ("delivered", DeliveryOutcome.Delivered)),
        Presence(recipient), recipient.OptionalId("conversation"), Past(recipient.OptionalTime("lastActiveAt"), at), recipient.Flag("mentioned"));

    private static RelayEvent.MessageEdited Edited(string site, JsonMembers data, DateTimeOffset at)
    {
        var edited = new RelayEvent.MessageEdited(
            site, at, data.Id("conversation"), data.Id("id"), Seq(data), data.OptionalString("text", 65_536), data.OptionalString("sealed", 131_072));
        if (edited.Text is null && edited.Sealed is null) data.Fault("text", "is missing, and so is sealed");
        return edited;
    }

    /// <summary>Where a relay does not say, nothing vouches for the person: offline.</summary>
    private static Presence Presence(JsonMembers members) => !members.Has("presence") ? Domain.Presence.Offline : members.Word(
        "presence", ("offline", Domain.Presence.Offline), ("idle", Domain.Presence.Idle), ("online", Domain.Presence.Online), ("active", Domain.Presence.Active));

    private static long Seq(JsonMembers data) => data.Integer("seq", 0, long.MaxValue);

    /// <summary>Clocks differ: nothing that is reported can lie in the future.</summary>
    private static DateTimeOffset Earlier(DateTimeOffset? time, DateTimeOffset receivedAt) => time is { } t && t < receivedAt ? t : receivedAt;

    private static DateTimeOffset? Past(DateTimeOffset? time, DateTimeOffset at) => time is null ? null : Earlier(time, at);
}

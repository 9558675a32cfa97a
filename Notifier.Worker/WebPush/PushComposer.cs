using Notifier.Domain;
using Notifier.Domain.WebPush;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Worker.WebPush;

/// <summary>What the last look made of a claimed push message: a message for a target, or an end without one.</summary>
internal sealed record PushDraft(PushTarget? Target, PushMessage? Message, DateTimeOffset SentAt, PushEnd? End, VapidSigner? Signer = null, string? TraceParent = null);

/// <summary>Asks the ladder's last look, and writes the push message: newest words, full count, time to live as of now.</summary>
internal sealed class PushComposer(SiteDirectory sites)
{
    /// <summary>For a subscription whose key is not here: it may be at another worker, or come back with the next settings.</summary>
    private static readonly TimeSpan KeyPause = TimeSpan.FromMinutes(10);

    public PushDraft Draft(ClaimedPush push, LadderState state, PushContent? content, PushTarget? target)
    {
        // Removed, or another person's by now: nothing of this conversation is theirs to see.
        if (target is null || target.Owner != push.Key.Owner) return Ended(push, target, new Ruling(Verdict.Skip, Reason.NoDevice));
        if (push.TimeToLive <= TimeSpan.Zero) return Ended(push, target, new Ruling(Verdict.Expire, Reason.Stale));
        var site = sites.Of(push.Key.Site);
        if (site.Keys.Find(target.VapidKey) is not { } keys) return Ended(push, target, Ruling.Wait(Reason.Unauthorized, state.Now + KeyPause));
        // A push message that shows nothing costs the subscription there.
        if (push.Dismiss && !site.Policy.DismissOnApple && push.Origin.EndsWith(".push.apple.com", StringComparison.Ordinal)) return Ended(push, target, Ruling.Skip(Reason.AlreadySeen));
        if (push.Dismiss) return new(target, Message(push, site.TopicKey(keys), PushPayload.Dismiss(push.Key.Site, push.Key.Conversation, push.UpTo), Urgency.Low, push.TimeToLive), state.Now, null, site.Signer(keys));

        var recipient = state.Recipients[push.Key.Owner];
        var look = EscalationLadder.LastLook(Channel.Push, recipient, state.Escalations[push.Key].State, push.UpTo, site.Policy, state.Now);
        if (!look.Sends) return Ended(push, target, look.Rulings.Select(r => r.Ruling).DefaultIfEmpty(Ruling.Skip(Reason.AlreadySeen)).Last());
        // Seen, deleted or finished by another worker between the two reads: the next look knows which.
        if (content is null) return Ended(push, target, null);

        var sender = content.Kind == MessageKind.Group && content.Title is { } title ? $"{content.Sender} · {title}" : content.Sender;
        var payload = PushPayload.Message(push.Key.Site, push.Key.Conversation, sender, content.Text, content.Url, content.Count, content.UpTo, withBody: !push.Shrunk);
        var urgency = content.Urgent || content.Kind == MessageKind.Direct || content.NamesThePerson ? Urgency.High : Urgency.Normal;
        // The oldest message it tells of gives the time the person has waited.
        var oldest = look.Rulings.Where(r => r.Ruling.Verdict == Verdict.Send).Min(r => r.Message.SentAt);
        return new(target, Message(push, site.TopicKey(keys), payload, urgency, TimeToLive(look, push, state.Now)), oldest, null, site.Signer(keys), content.TraceParent);
    }

    /// <summary>Until the newest of it expires, and at most as long as the outbox keeps it.</summary>
    private static TimeSpan TimeToLive(ChannelDecision look, ClaimedPush push, DateTimeOffset now) =>
        look.Newest?.ExpiresAt - now is { } left && left < push.TimeToLive ? left : push.TimeToLive;

    private static PushMessage Message(ClaimedPush push, byte[] topicKey, byte[] payload, Urgency urgency, TimeSpan timeToLive) =>
        new(payload, timeToLive, urgency, PushTopic.Of(topicKey, push.Key.Site, push.Key.Conversation));

    private static PushDraft Ended(ClaimedPush push, PushTarget? target, Ruling? ruling) => new(target, null, default, new PushEnd(push, target, default, null, ruling));
}

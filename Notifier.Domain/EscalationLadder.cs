namespace Notifier.Domain;

/// <summary>
/// Says what follows from what is known: asked on arrival, when a timer fires, and once more right before a message leaves.
/// Pure: the same state at the same moment gives the same answer, whatever order the events came in.
/// </summary>
public static class EscalationLadder
{
    /// <summary>Decides both rungs of one conversation.</summary>
    public static Decision Decide(RecipientState recipient, ConversationState conversation, EscalationPolicy policy, DateTimeOffset now) => new(
        DecideOn(Channel.Push, recipient, conversation, policy, now),
        DecideOn(Channel.Email, recipient, conversation, policy, now));

    /// <summary>
    /// The last look, right before the POST or after RCPT: whether what was handed to <paramref name="channel"/>, up to <paramref name="upTo"/>, is still to be told.
    /// </summary>
    public static ChannelDecision LastLook(Channel channel, RecipientState recipient, ConversationState conversation, long upTo, EscalationPolicy policy, DateTimeOffset now)
    {
        // What one device was told of, another may still have to be; an email is told once.
        var handed = conversation.Unseen.Where(m => m.Seq <= upTo
            && (m.On(channel) is null or { Verdict: Verdict.Send or Verdict.Wait } || (channel == Channel.Push && m.Push is { Verdict: Verdict.Told })));
        return DecideOn(channel, recipient, conversation with { EmailAttempt = null, Unseen = [.. handed.Select(m => m.With(channel, null))] }, policy, now);
    }

    private static ChannelDecision DecideOn(Channel channel, RecipientState recipient, ConversationState conversation, EscalationPolicy policy, DateTimeOffset now)
    {
        var rulings = new List<(UnseenMessage Message, Ruling Ruling)>();
        var fresh = new List<UnseenMessage>();
        var stale = new List<UnseenMessage>();
        foreach (var message in conversation.Unseen)
        {
            if (message.On(channel) is { IsOpen: false }) continue;
            var look = new Look(channel, recipient, conversation, message, policy, now);
            if (Gate.Refuses(look) is { } refusal) rulings.Add((message, refusal));
            else if (Gate.Stale(look) is not { } expired) fresh.Add(message);
            else if (Disturbance.NeverEnds(recipient, now)) rulings.Add((message, expired));
            else stale.Add(message);
        }
        if (fresh.Count + stale.Count == 0) return new ChannelDecision(rulings, null);

        // What is too old to be told takes nothing along that is still young.
        var timed = fresh.Count > 0 ? fresh : stale;
        var held = channel == Channel.Push
            ? PushTiming.Holds(recipient, conversation, timed, policy, now)
            : EmailTiming.Holds(recipient, conversation, timed, policy, now);
        foreach (var message in fresh.Concat(stale))
        {
            var look = new Look(channel, recipient, conversation, message, policy, now);
            rulings.Add((message, held ?? Gate.RefusesAtTheLast(look) ?? new Ruling(Verdict.Send, Reason.Unseen)));
        }
        return new ChannelDecision(rulings, held?.Until);
    }
}

/// <summary>What follows for one conversation of one person.</summary>
public sealed record Decision(ChannelDecision Push, ChannelDecision Email)
{
    public ChannelDecision On(Channel channel) => channel == Channel.Push ? Push : Email;

    /// <summary>Some message is not told on some channel, for good.</summary>
    public bool Refuses => Push.Rulings.Concat(Email.Rulings).Any(r => r.Ruling.Verdict is Verdict.Skip or Verdict.Expire);
}

/// <param name="Rulings">For each message still open on the channel: what was decided.</param>
/// <param name="AskAgainAt">When the rung is due; null: only an event can change anything.</param>
public sealed record ChannelDecision(IReadOnlyList<(UnseenMessage Message, Ruling Ruling)> Rulings, DateTimeOffset? AskAgainAt)
{
    public bool Sends => Rulings.Any(r => r.Ruling.Verdict == Verdict.Send);

    /// <summary>The newest message that goes out now; null if none does.</summary>
    public UnseenMessage? Newest => Rulings.Where(r => r.Ruling.Verdict == Verdict.Send).Select(r => r.Message).MaxBy(m => m.Seq);
}

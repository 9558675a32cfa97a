using Notifier.Domain;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Email;

/// <summary>What the gate says of an email right now, conversation by conversation.</summary>
/// <param name="Goes">The conversations that are told of.</param>
/// <param name="Stays">Those that are not, with the reason.</param>
/// <param name="Seen">By conversation, the seen mark that this goes by.</param>
internal sealed record EmailDraft(IReadOnlyList<string> Goes, IReadOnlyDictionary<string, Ruling> Stays, IReadOnlyDictionary<string, long> Seen, DateTimeOffset Now)
{
    public static readonly EmailDraft Nothing = new([], new Dictionary<string, Ruling>(), new Dictionary<string, long>(), default);

    public static readonly IReadOnlyDictionary<string, long> AllUnseen = new Dictionary<string, long>();

    /// <summary>The first of what is only to wait; null: nothing is.</summary>
    public Ruling? Waits => Stays.Values.Where(r => r.IsOpen).OrderBy(r => r.Until).Select(r => (Ruling?)r).FirstOrDefault();

    /// <summary>Asks the last look of every conversation of an email.</summary>
    /// <param name="upTo">By conversation, what was composed; without it, everything unseen.</param>
    public static EmailDraft Of(ClaimedEmail email, LadderState state, IReadOnlyDictionary<string, long> upTo, EscalationPolicy policy)
    {
        var goes = new List<string>();
        var stays = new Dictionary<string, Ruling>();
        var seen = new Dictionary<string, long>();
        foreach (var conversation in email.Conversations)
        {
            var row = state.Escalations[new(email.Recipient.Site, email.Recipient.Recipient, conversation)];
            seen[conversation] = row.State.SeenUpTo;
            // An admin cancelled it, or another email has taken its place.
            if (row.State.EmailAttempt != email.Id) stays[conversation] = Ruling.Skip(Reason.Cancelled);
            else
            {
                var look = EscalationLadder.LastLook(
                    Channel.Email, state.Recipients[email.Recipient], row.State, upTo.GetValueOrDefault(conversation, long.MaxValue), policy, state.Now);
                if (look.Sends) goes.Add(conversation);
                else stays[conversation] = look.Rulings.Select(r => r.Ruling).DefaultIfEmpty(Ruling.Skip(Reason.AlreadySeen)).Last();
            }
        }
        return new EmailDraft(goes, stays, seen, state.Now);
    }
}

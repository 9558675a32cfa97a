namespace Notifier.Relay.Demo;

/// <summary>Somebody one can be on the demo page.</summary>
internal sealed record DemoPerson(string Id, string Name)
{
    public string Email => $"{Id}@demo.example";
}

/// <param name="Kind">As in the relay's events: direct or group.</param>
/// <param name="Title">What it is called; null for a direct one, which is called after the other person.</param>
internal sealed record DemoConversation(string Id, string Kind, string? Title, string[] Members)
{
    public List<DemoMessage> Messages { get; } = [];

    /// <summary>Up to where each member's browsers have it, and up to where each has looked at it.</summary>
    public Dictionary<string, long> Delivered { get; } = [];

    public Dictionary<string, long> Seen { get; } = [];
}

/// <param name="Seq">Rises within the conversation.</param>
internal sealed record DemoMessage(string Id, long Seq, string Sender, DateTimeOffset SentAt, string Sealed);

/// <summary>
/// What a messaging site would keep in its database: people, conversations, messages (as sealed as they go to the relay), and how far each person has read. In memory, for
/// the demo page.
/// </summary>
internal sealed class DemoSite(TimeProvider clock)
{
    /// <summary>The site that <c>./dev run</c> and the README speak of.</summary>
    public const string Name = "acme";

    private const int Kept = 200;

    private readonly Lock _lock = new();

    private readonly DemoConversation[] _conversations =
    [
        new("ada-bob", "direct", null, ["ada", "bob"]),
        new("ada-cleo", "direct", null, ["ada", "cleo"]),
        new("bob-cleo", "direct", null, ["bob", "cleo"]),
        new("allotment", "group", "Allotment", ["ada", "bob", "cleo"]),
    ];

    public IReadOnlyList<DemoPerson> People { get; } = [new("ada", "Ada"), new("bob", "Bob"), new("cleo", "Cleo")];

    public DemoPerson? Find(string? id) => People.FirstOrDefault(p => p.Id == id);

    /// <summary>What a person sees, copied while nothing moves.</summary>
    public T[] Of<T>(DemoPerson person, Func<DemoConversation, T> copy)
    {
        lock (_lock) return [.. _conversations.Where(c => c.Members.Contains(person.Id)).Select(copy)];
    }

    public DemoConversation? Conversation(string? id, DemoPerson member) => _conversations.FirstOrDefault(c => c.Id == id && c.Members.Contains(member.Id));

    /// <summary>Keeps a message; the same id again is the same message.</summary>
    public DemoMessage Keep(DemoConversation conversation, string id, DemoPerson sender, string sealedText)
    {
        lock (_lock)
        {
            if (conversation.Messages.Find(m => m.Id == id) is { } known) return known;
            var now = clock.GetUtcNow();
            // Above what the notifier knows from an earlier run: this memory starts empty, its database does not.
            var seq = Math.Max(conversation.Messages.LastOrDefault()?.Seq + 1 ?? 0, now.ToUnixTimeMilliseconds());
            var message = new DemoMessage(id, seq, sender.Id, now, sealedText);
            conversation.Messages.Add(message);
            if (conversation.Messages.Count > Kept) conversation.Messages.RemoveAt(0);
            Raise(conversation.Seen, sender.Id, seq);
            return message;
        }
    }

    public void Mark(DemoConversation conversation, DemoPerson person, long seq, bool seen)
    {
        lock (_lock)
        {
            Raise(conversation.Delivered, person.Id, seq);
            if (seen) Raise(conversation.Seen, person.Id, seq);
        }
    }

    private static void Raise(Dictionary<string, long> marks, string person, long seq)
    {
        if (seq > marks.GetValueOrDefault(person)) marks[person] = seq;
    }
}

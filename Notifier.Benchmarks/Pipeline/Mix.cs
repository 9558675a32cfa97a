using System.Globalization;
using System.Text;

namespace Notifier.Benchmarks.Pipeline;

/// <summary>
/// What a relay tells of a busy site: of a hundred events 65 are messages that their reader has seen already, 20 open a conversation to somebody who is away,
/// 10 say that such a conversation was seen, and 5 are told a second time.
/// </summary>
/// <param name="publisher">Tells its events from those of others.</param>
/// <param name="toAway">Hears of each person who is away, as a message to them is made.</param>
internal sealed class Mix(int people, string publisher, Action<int>? toAway = null)
{
    public const int Batch = 500;
    private readonly Queue<(int Person, long Conversation)> _unseen = new();
    private long _count;

    /// <summary>Everybody has read the conversation that all of these messages belong to.</summary>
    public const string ReadBefore = "INSERT INTO notifier.seen_mark (site, recipient, conversation, seq, seen_at) SELECT 'bench', 'r' || n, 'live', 1000000000000, now() FROM generate_series(0, $1 - 1) AS n";

    public const string People = "INSERT INTO notifier.recipient (site, id, email, name) SELECT 'bench', 'r' || n, 'r' || n || '@example.org', 'Bob' FROM generate_series(0, $1 - 1) AS n";

    /// <summary>Bodies of requests, of at most 500 events each.</summary>
    public List<byte[]> Requests(int events)
    {
        var (requests, batch, last) = (new List<byte[]>(), new StringBuilder("["), "");
        for (var i = 1; i <= events; i++)
        {
            var next = i % 20 == 0 ? last : last = One();
            batch.Append(next).Append(',');
            if (i % Batch != 0 && i != events) continue;
            batch[^1] = ']';
            requests.Add(Encoding.UTF8.GetBytes(batch.ToString()));
            batch.Clear().Append('[');
        }
        return requests;
    }

    private string One()
    {
        // All kinds and people by turns, far apart.
        var n = _count++;
        var (person, kind) = ((int)(n * 7919 % people), n * 37 % 95);
        if (kind < 10 && _unseen.TryDequeue(out var seen))
            return Event(n, "conversation.seen", $$"""{"site":"bench","recipient":"r{{seen.Person}}","conversation":"{{publisher}}{{seen.Conversation}}","seq":{{seen.Conversation}},"at":"{{Now}}"}""");
        if (kind >= 30) return Outcome(n, person, "live", "delivered", """ "presence":"active","conversation":"live" """);
        _unseen.Enqueue((person, n));
        toAway?.Invoke(person);
        return Outcome(n, person, $"{publisher}{n}", "undelivered", """ "presence":"offline" """);
    }

    private string Outcome(long n, int person, string conversation, string outcome, string presence) => Event(n, "message.outcome",
        $$$"""{"site":"bench","message":{"id":"{{{publisher}}}{{{n}}}","conversation":"{{{conversation}}}","seq":{{{n}}},"kind":"direct","sender":{"id":"ada","name":"Ada"},"text":"Is it still available? I could come on Saturday.","sentAt":"{{{Now}}}"},"recipients":[{"id":"r{{{person}}}","outcome":"{{{outcome}}}",{{{presence}}}}]}""");

    private string Event(long n, string type, string data) => $$"""{"specversion":"1.0","id":"e{{n}}","source":"/sites/bench/{{publisher}}","type":"{{type}}","time":"{{Now}}","data":{{data}}}""";

    private static string Now => TimeProvider.System.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}

namespace Notifier.Benchmarks.Attention;

/// <summary>What a person got out of one run.</summary>
/// <param name="Emails">How many came.</param>
/// <param name="FirstAt">When the first came, from the start; null: none did.</param>
/// <param name="NeverMentioned">Messages that no email told of, though the person had not read them by the time the run ended.</param>
/// <param name="AboutSeen">Emails that told of a message the person had read by then.</param>
/// <param name="MeanWait">How long a message lay neither read nor told, on average.</param>
/// <param name="LongestWait">The same of the message that lay longest; to the end of the run where it was never read or told.</param>
internal sealed record Score(string Mailer, int Emails, TimeSpan? FirstAt, int NeverMentioned, int AboutSeen, TimeSpan MeanWait, TimeSpan LongestWait)
{
    /// <summary>Each email, in the order of time.</summary>
    public required IReadOnlyList<Mail> Mails { get; init; }

    /// <summary>Long enough for a ladder or a throttle of 24 h to come to its end, twice.</summary>
    private static readonly TimeSpan Lasts = TimeSpan.FromHours(72), Step = TimeSpan.FromSeconds(5);

    public static IReadOnlyList<Score> All(Traffic traffic, bool reads) =>
        [.. new Mailer[] { new Ours(), new Zulip(), new Synapse(), new Mattermost(), new OnePerMessage() }.Select(mailer => Of(mailer, traffic, reads ? traffic.Readings : []))];

    private static Score Of(Mailer mailer, Traffic traffic, IReadOnlyList<Reading> readings)
    {
        var posts = new Queue<Post>(traffic.Posts.OrderBy(p => p.At));
        var visits = new Queue<Reading>(readings.OrderBy(r => r.At));
        var arrived = new List<Post>();
        for (var now = Traffic.Start; now <= Traffic.Start + Lasts; now += Step)
        {
            while (posts.TryPeek(out var post) && post.At <= now)
            {
                mailer.Arrives(posts.Dequeue());
                arrived.Add(post);
            }
            while (visits.TryPeek(out var visit) && visit.At <= now)
            {
                visits.Dequeue();
                mailer.Reads(visit.Conversation, arrived.Where(p => p.Conversation == visit.Conversation).Max(p => p.Seq), visit.At);
            }
            mailer.Ticks(now);
        }
        var waits = traffic.Posts.Select(p => Earliest(ReadAt(p), ToldAt(p)) - p.At).ToList();
        return new Score(mailer.Name, mailer.Mails.Count, mailer.Mails.Count > 0 ? mailer.Mails.Min(m => m.At) - Traffic.Start : null,
            waits.Count(w => w is null), mailer.Mails.Count(m => m.About.Any(p => ReadAt(p) <= m.At)), TimeSpan.FromSeconds(waits.Average(w => (w ?? Lasts).TotalSeconds)), waits.Max(w => w ?? Lasts))
        {
            Mails = mailer.Mails,
        };

        DateTimeOffset? ReadAt(Post post) => readings.Where(r => r.Conversation == post.Conversation && r.At >= post.At).Min(r => (DateTimeOffset?)r.At);
        DateTimeOffset? ToldAt(Post post) => mailer.Mails.Where(m => m.About.Contains(post)).Min(m => (DateTimeOffset?)m.At);
        static DateTimeOffset? Earliest(DateTimeOffset? a, DateTimeOffset? b) => a is null || b < a ? b : a;
    }
}

namespace Notifier.Benchmarks.Attention;

/// <summary>
/// Synapse (synapse/push/emailpusher.py): a message is due <c>DELAY_BEFORE_MAIL_MS</c>, 10 min, after it came, and once its room's throttle has run out; one that is ready
/// takes along all that is unread and not yet mailed, in every room. The throttle of a room then goes, for every message taken along, from none to
/// <c>THROTTLE_START_MS</c>, 10 min, and by <c>THROTTLE_MULTIPLIER</c>, 144, to <c>THROTTLE_MAX_MS</c>, 24 h: the second message already means a day. Reading does not
/// release it, only a message <c>THROTTLE_RESET_AFTER_MS</c>, 12 h, after the one before. All of it is fixed in the source.
/// </summary>
internal sealed class Synapse : Mailer
{
    private const int Multiplier = 144;
    private static readonly TimeSpan Delay = TimeSpan.FromMinutes(10), First = TimeSpan.FromMinutes(10), Most = TimeSpan.FromHours(24), ResetAfter = TimeSpan.FromHours(12);
    private readonly Dictionary<string, (DateTimeOffset SentAt, TimeSpan Throttle)> _rooms = [];
    private readonly List<Post> _all = [];
    private int _processed;

    public override string Name => "Synapse";

    public override void Arrives(Post post) => _all.Add(post);

    public override void Ticks(DateTimeOffset now)
    {
        if (_processed == _all.Count) return;
        var unprocessed = _all.Skip(_processed).Where(IsUnread).ToList();
        if (!unprocessed.Any(p => now >= p.At + Delay && now >= ReadyAt(p.Conversation))) return;
        _processed = _all.Count;
        foreach (var post in unprocessed) Tighten(post, now);
        Send(now, unprocessed);
    }

    private DateTimeOffset ReadyAt(string room) => _rooms.TryGetValue(room, out var r) ? r.SentAt + r.Throttle : DateTimeOffset.MinValue;

    private void Tighten(Post post, DateTimeOffset now)
    {
        var before = _all.LastOrDefault(p => p.At < post.At);
        var throttle = _rooms.GetValueOrDefault(post.Conversation).Throttle;
        var released = throttle == TimeSpan.Zero || (before is not null && post.At - before.At > ResetAfter);
        _rooms[post.Conversation] = (now, released ? First : throttle * Multiplier is var more && more < Most ? more : Most);
    }
}

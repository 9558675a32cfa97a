namespace Notifier.Benchmarks.Attention;

/// <summary>
/// Zulip (zerver/worker/missedmessage_emails.py, zerver/lib/email_notifications.py): the first message missed starts a batch of
/// <c>email_notifications_batching_period_seconds</c>, default 120 s; at its end what is still unread goes out, one email per conversation. It has no longer
/// memory: the next message starts the next batch. As installed it mails direct messages, groups of them too, and mentions, not channels
/// (<c>enable_stream_email_notifications</c> false); the group here is one of direct messages.
/// </summary>
internal sealed class Zulip : Mailer
{
    private static readonly TimeSpan BatchingPeriod = TimeSpan.FromSeconds(120);
    private readonly List<Post> _batch = [];
    private DateTimeOffset _ends = DateTimeOffset.MaxValue;

    public override string Name => "Zulip";

    public override void Arrives(Post post)
    {
        if (_batch.Count == 0) _ends = post.At + BatchingPeriod;
        _batch.Add(post);
    }

    public override void Ticks(DateTimeOffset now)
    {
        if (now < _ends) return;
        foreach (var conversation in _batch.Where(IsUnread).GroupBy(p => p.Conversation)) Send(now, conversation);
        _batch.Clear();
        _ends = DateTimeOffset.MaxValue;
    }
}

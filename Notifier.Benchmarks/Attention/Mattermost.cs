namespace Notifier.Benchmarks.Attention;

/// <summary>
/// Mattermost (channels/app/email/email_batching.go) with EmailSettings.EnableEmailBatching switched on, which it is not as installed: every EmailBatchingInterval,
/// default 30 s, it looks at what waits for a person, and sends one email once the oldest is older than the person's interval, default 15 min
/// (<c>PreferenceEmailIntervalBatchingSeconds</c> 900). A person who has viewed any channel since the oldest loses all that waits, also of the other channels.
/// The buffer (EmailBatchingBufferSize 256, emptied at each look) never fills here.
/// </summary>
internal sealed class Mattermost : Mailer
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30), Interval = TimeSpan.FromSeconds(900);
    private readonly List<Post> _waiting = [];
    private DateTimeOffset? _viewedAt, _nextLook;

    public override string Name => "Mattermost, batching";

    public override void Arrives(Post post) => _waiting.Add(post);

    public override void Reads(string conversation, long seq, DateTimeOffset at)
    {
        base.Reads(conversation, seq, at);
        _viewedAt = at;
    }

    public override void Ticks(DateTimeOffset now)
    {
        if (now < _nextLook) return;
        _nextLook = now + Look;
        if (_waiting.Count == 0) return;
        var oldest = _waiting[0].At;
        if (_viewedAt >= oldest) _waiting.Clear();
        else if (now - oldest > Interval)
        {
            Send(now, _waiting);
            _waiting.Clear();
        }
    }
}

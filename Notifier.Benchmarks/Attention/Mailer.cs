namespace Notifier.Benchmarks.Attention;

/// <summary>What one email told, and when.</summary>
internal sealed record Mail(DateTimeOffset At, IReadOnlyList<Post> About);

/// <summary>A product's rules for emails to one person, told what happens in the order of time.</summary>
internal abstract class Mailer
{
    private readonly Dictionary<string, long> _seen = [];

    /// <summary>As the tables name it.</summary>
    public abstract string Name { get; }

    public List<Mail> Mails { get; } = [];

    public abstract void Arrives(Post post);

    /// <summary>The person has read <paramref name="conversation"/> up to <paramref name="seq"/>.</summary>
    public virtual void Reads(string conversation, long seq, DateTimeOffset at) => _seen[conversation] = seq;

    /// <summary>The clock has come to <paramref name="now"/>.</summary>
    public abstract void Ticks(DateTimeOffset now);

    protected bool IsUnread(Post post) => post.Seq > _seen.GetValueOrDefault(post.Conversation);

    protected void Send(DateTimeOffset at, IEnumerable<Post> about) => Mails.Add(new Mail(at, [.. about]));
}

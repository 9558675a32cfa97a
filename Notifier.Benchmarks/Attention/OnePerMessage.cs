namespace Notifier.Benchmarks.Attention;

/// <summary>
/// An email for each message while the person is away, at once. It is also what Mattermost does as installed: EmailSettings.EnableEmailBatching is false.
/// </summary>
internal sealed class OnePerMessage : Mailer
{
    public override string Name => "one per message";

    public override void Arrives(Post post) => Send(post.At, [post]);

    public override void Ticks(DateTimeOffset now)
    {
    }
}

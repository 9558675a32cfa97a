namespace Notifier.Worker.Intake.Nats;

/// <summary>Settings of the door that is a JetStream stream, section <c>Nats</c>, besides its servers (<see cref="NatsOptions"/>).</summary>
public sealed class NatsIntakeOptions
{
    public const string Section = NatsOptions.Section;

    /// <summary>The stream; made where there is none. No dot, star, greater-than sign, slash or space. Default <c>NOTIFIER</c>.</summary>
    public string Stream { get; set; } = "NOTIFIER";

    /// <summary>
    /// What is taken from the stream. The last token of a message's subject names its site (percent-encoded where the id has a dot or the like), so that NATS's own permissions say
    /// who may send for whom. Default <c>notifier.events.*</c>.
    /// </summary>
    public string Subject { get; set; } = "notifier.events.*";

    /// <summary>The durable consumer that all workers share; made where there is none. Default <c>notifier-worker</c>.</summary>
    public string Consumer { get; set; } = "notifier-worker";

    /// <summary>A message that was given to a worker and not acknowledged comes again after this, 1 s–10 min. Default 30 s.</summary>
    public TimeSpan AckWait { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Messages fetched at once, 1–1,000; stored in commits of some 4 MiB. Default 200.</summary>
    public int BatchSize { get; set; } = 200;

    /// <summary>Batches that one worker has in hand at once, 1–16. Default 2: one is fetched while the other is committed.</summary>
    public int Lanes { get; set; } = 2;

    /// <summary>Messages that all workers together may have in hand, at least <see cref="BatchSize"/>. Default 10,000.</summary>
    public int MaxAckPending { get; set; } = 10_000;
}

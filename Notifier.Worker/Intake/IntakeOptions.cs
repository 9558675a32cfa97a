namespace Notifier.Worker.Intake;

/// <summary>Settings of the door, section <c>Intake</c>, besides its keys (<see cref="ApiKeyOptions"/>).</summary>
public sealed class IntakeOptions
{
    public const string Section = ApiKeyOptions.Section;

    /// <summary>With more events than this waiting, <c>POST /v1/events</c> answers 429, and nothing is fetched from NATS; a site of which more than half as many wait gets its 429 before the others. 1 or more, default 1,000,000.</summary>
    public long MaxBacklog { get; set; } = 1_000_000;
}

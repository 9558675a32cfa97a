namespace Notifier.Worker.Intake;

/// <summary>Settings of the door, section <c>Intake</c>.</summary>
public sealed class IntakeOptions
{
    public const string Section = "Intake";

    /// <summary>The bearer keys that may publish and administer recipients; <c>Intake__ApiKeys__0</c> and so on.</summary>
    public IList<string> ApiKeys { get; } = [];

    /// <summary>With more events than this waiting, <c>POST /v1/events</c> answers 429. 1 or more, default 1,000,000.</summary>
    public long MaxBacklog { get; set; } = 1_000_000;
}

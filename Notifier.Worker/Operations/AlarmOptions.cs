namespace Notifier.Worker.Operations;

/// <summary>The section <c>Alarms</c>: the alarm clock of the emails, and the net under it.</summary>
public sealed class AlarmOptions
{
    public const string Section = "Alarms";

    /// <summary>How often lost alarms are looked for. 1 s to 5 min, default 10 s.</summary>
    public TimeSpan Sweep { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How late an alarm may be before it counts as lost. 1 s to 5 min, default 15 s; together with <see cref="Sweep"/> under the promised minute.</summary>
    public TimeSpan Tolerance { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>What a worker that died leaves locked in Hangfire's tables is free again after this; no lock is held for as long. 1 s to 10 min, default 45 s.</summary>
    public TimeSpan LockTimeout { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>A job whose worker died is run by another after this; a live one renews it. 1 s to 30 min, default 1 min.</summary>
    public TimeSpan InvisibilityTimeout { get; set; } = TimeSpan.FromMinutes(1);
}

using Notifier.Faults.Injecting;
using Notifier.Faults.Stage;

namespace Notifier.Faults;

/// <summary>All of them.</summary>
internal static class Scenarios
{
    private static readonly Setup Plain = new();

    /// <summary>
    /// A mail of a worker that wakes up is stopped by its fence, or by nothing: not by its patience with the mail server, and not by Hangfire, which ends a job that another worker has fetched.
    /// </summary>
    private static readonly Setup Patient = new(Settings: new Dictionary<string, string>
    {
        ["Email__CommandTimeout"] = "00:00:30",
        ["Email__FinalTimeout"] = "00:00:30",
        ["Alarms__InvisibilityTimeout"] = "00:01:00",
    });

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("none", _ => Task.CompletedTask, Plain),
        new("kill", Processes.KillAsync, Plain, Repeats: true),
        new("kill-both", Processes.KillBothAsync, Plain, Repeats: true),
        new("freeze", Processes.FreezeAsync, Patient, Repeats: true),
        new("deploy", Processes.DeployAsync, Plain),
        new("postgres-crash", Databases.CrashAsync, Plain with { OwnServer = true }, Repeats: true),
        new("postgres-terminate", Databases.TerminateAsync, Plain, Repeats: true),
        new("partition", Databases.PartitionAsync, Plain, Repeats: true),
        new("disk-full", Databases.FillDiskAsync, Plain with { Megabytes = 220 }, Repeats: true) { CannotRun = () => Environment.IsPrivilegedProcess ? null : "a file system of its own needs root" },
        new("smtp-down", MailServers.DownAsync, Plain),
        new("smtp-4xx", MailServers.RefuseAsync, Plain),
        new("smtp-greylist", MailServers.GreylistAsync, Plain),
        new("smtp-hang", MailServers.HangAfterDotAsync, Plain, Repeats: true),
        new("smtp-drop-kept", MailServers.DropKeptAsync, Plain, Repeats: true),
        new("smtp-drop-lost", MailServers.DropLostAsync, Plain, Repeats: true),
        new("smtp-park", MailServers.ParkAsync, Plain with { Settings = new Dictionary<string, string> { ["Email__OnUnknown"] = "Park" } }, Repeats: true) { Parks = true },
        new("seen-in-dialogue", MailServers.SeenInDialogueAsync, Patient),
        new("push-429", PushServices.SlowDownAsync, Plain),
        new("push-410", PushServices.GoneAsync, Plain),
        new("push-403", PushServices.ForbidAsync, Plain),
        new("push-5xx", PushServices.FailAsync, Plain),
        new("push-hang", PushServices.HangAsync, Plain),
        new("clock-behind", _ => Task.CompletedTask, Plain with { Clock = "-2h" }) { CannotRun = NoFakeTime },
        new("clock-ahead", _ => Task.CompletedTask, Plain with { Clock = "+2h" }) { CannotRun = NoFakeTime },
        new("relay-kill", Relays.KillAsync, Plain with { Relays = 2 }),
        new("nats-kill", Streams.KillAsync, Plain with { Nats = true }, Repeats: true),
        new("hangfire-lock", AlarmClocks.LockAsync, Plain),
        new("hangfire-delete", AlarmClocks.DeleteAsync, Plain),
    ];

    /// <summary>Those that CI runs.</summary>
    public static readonly string[] InCi = ["kill", "freeze", "relay-kill", "postgres-crash", "seen-in-dialogue", "hangfire-delete"];

    private static string? NoFakeTime() => Cast.FakeTime is not null ? null : "libfaketime is not installed";
}

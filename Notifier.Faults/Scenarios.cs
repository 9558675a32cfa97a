using Notifier.Faults.Stage;

namespace Notifier.Faults;

/// <summary>All of them.</summary>
internal static class Scenarios
{
    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("none", NothingAsync, new Setup()),
        new("kill", KillAsync, new Setup(), Repeats: true),
    ];

    /// <summary>Those that CI runs.</summary>
    public static readonly string[] InCi = ["kill"];

    private static Task NothingAsync(Act act) => Task.CompletedTask;

    /// <summary>One worker at a time, at random, by SIGKILL.</summary>
    private static async Task KillAsync(Act act)
    {
        while (act.Goes)
        {
            await act.PauseAsync(0.5, 2.5);
            var worker = act.Random.Of(act.Cast.Workers);
            act.Fault($"SIGKILL {worker.Name}");
            worker.Kill();
            await act.PauseAsync(0.1, 1);
            await worker.StartAsync();
            act.Healed(worker.Name);
        }
    }
}

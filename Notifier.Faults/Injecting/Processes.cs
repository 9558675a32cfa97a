using Notifier.Faults.Stage;

namespace Notifier.Faults.Injecting;

/// <summary>What can befall the workers' processes.</summary>
internal static class Processes
{
    /// <summary>One worker at a time, at random, by SIGKILL.</summary>
    public static async Task KillAsync(Act act)
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

    /// <summary>Both at once: nobody is there to take over.</summary>
    public static async Task KillBothAsync(Act act)
    {
        for (var round = 0; round < 2; round++)
        {
            await act.PauseAsync(2, 4);
            act.Fault("SIGKILL both workers");
            foreach (var worker in act.Cast.Workers) worker.Kill();
            await act.PauseAsync(0.5, 2);
            await Task.WhenAll(act.Cast.Workers.Select(w => w.StartAsync()));
            act.Healed("both workers");
        }
    }

    /// <summary>SIGSTOP for twice the lease, with mails in the middle of their dialogue: when it wakes, another has sent them.</summary>
    public static async Task FreezeAsync(Act act)
    {
        var worker = act.Random.Of(act.Cast.Workers);
        await act.ReachedAsync(5, () => act.Cast.Mail.AddAsync(new SmtpFault("RCPT", Hang: true))); // more than one worker has connections
        await act.PauseAsync(0.2, 0.5);
        act.Fault($"SIGSTOP {worker.Name}");
        await worker.FreezeAsync();
        await Task.Delay(Pace.Lease * 2);
        await worker.ThawAsync();
        // Only now: the other one has taken the mails over, and is in the same place of the same dialogue.
        await act.Cast.Mail.ClearAsync();
        act.Healed(worker.Name);
    }

    /// <summary>SIGTERM, one after the other, as at a deployment: nothing is lost, nothing comes twice.</summary>
    public static async Task DeployAsync(Act act)
    {
        while (act.Goes)
            foreach (var worker in act.Cast.Workers)
            {
                await act.PauseAsync(0.5, 1.5);
                act.Fault($"SIGTERM {worker.Name}");
                if (await worker.TerminateAsync() is not 0 and var status) throw new InvalidOperationException($"{worker.Name} ended with status {status} at SIGTERM");
                await worker.StartAsync();
                act.Healed(worker.Name);
            }
    }
}

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

    /// <summary>SIGSTOP for twice the lease, with mails in the middle of their dialogue: when it wakes, the other one has them in hand, and has sent them to the dot.</summary>
    public static async Task FreezeAsync(Act act)
    {
        var (mail, worker) = (act.Cast.Mail, act.Random.Of(act.Cast.Workers));
        await act.ReachedAsync(5, () => mail.AddAsync(new SmtpFault("RCPT", Hang: true))); // more than one worker has connections
        act.Fault($"SIGSTOP {worker.Name}");
        await worker.FreezeAsync();
        var twice = Task.Delay(Pace.Lease * 2);
        await mail.ClearAsync(); // the other one goes on with its own
        await Task.Delay(Pace.Lease * 0.6);
        foreach (var id in await NotRenewedAsync(act)) await mail.AddAsync(new SmtpFault("DOT", Hang: true, Keep: true, Message: id));
        await twice;
        await worker.ThawAsync();
        await act.PauseAsync(1, 1.2); // time enough to do what it was about to do
        await mail.ClearAsync();
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

    /// <summary>The Message-IDs of the mails whose worker does not renew their lease any more.</summary>
    private static async Task<List<string>> NotRenewedAsync(Act act)
    {
        await using var command = act.Cast.Database.CreateCommand("SELECT message_id FROM notifier.email_attempt WHERE state = 'sending' AND lease_until < notifier.now() + interval '2 seconds'");
        await using var reader = await command.ExecuteReaderAsync();
        var ids = new List<string>();
        while (await reader.ReadAsync()) ids.Add(reader.GetString(0));
        return ids;
    }
}

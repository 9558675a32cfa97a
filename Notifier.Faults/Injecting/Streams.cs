namespace Notifier.Faults.Injecting;

/// <summary>What can befall events on their way by NATS.</summary>
internal static class Streams
{
    /// <summary>By turns: the nats-server is killed, and a worker is killed that has committed and could not acknowledge.</summary>
    public static async Task KillAsync(Act act)
    {
        var stream = act.Cast.Stream!;
        for (var server = true; act.Goes; server = !server)
        {
            await act.PauseAsync(0.5, 1.5);
            if (server)
            {
                act.Fault("SIGKILL nats-server");
                await stream.Server.KillAsync();
                await act.PauseAsync(0.1, 1);
                await stream.Server.StartAgainAsync();
                act.Healed("nats-server");
            }
            else
            {
                var worker = act.Random.Of(act.Cast.Workers);
                act.Fault($"no acknowledgement gets through, and then SIGKILL {worker.Name}");
                stream.Link.ToServer.Delay = TimeSpan.FromMinutes(5);
                await act.PauseAsync(0.3, 0.8);
                worker.Kill();
                stream.Link.Cut();
                stream.Link.ToServer.Delay = TimeSpan.Zero;
                await worker.StartAsync();
                act.Healed(worker.Name);
            }
        }
    }
}

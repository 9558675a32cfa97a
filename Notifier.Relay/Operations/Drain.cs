using Microsoft.Extensions.Options;
using Notifier.Relay.Connections;

namespace Notifier.Relay.Operations;

/// <summary>Before anything else stops: the connections are told to go elsewhere, spread out, so that they do not all come to the next node at once.</summary>
internal sealed class Drain(ConnectionTable connections, IOptions<RelayOptions> options) : IHostedLifecycleService
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50), Goodbye = TimeSpan.FromSeconds(4);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        connections.IsDraining = true; // from now on nobody new is let in, and a balancer hears that this node is not ready
        var all = connections.All;
        var steps = Math.Clamp(all.Length, 1, (int)(options.Value.DrainOver / Step));
        for (var step = 0; step < steps; step++)
        {
            foreach (var connection in all[(all.Length * step / steps)..(all.Length * (step + 1) / steps)]) connection.Close(CloseCode.Drain);
            if (step + 1 < steps) await Task.Delay(Step, CancellationToken.None);
        }
        // Nobody else waits for them: a client answers the close, or is cut off after a moment. Who was at the door when it was shut is told, too.
        for (var left = (int)(Goodbye / Step); left > 0 && SayGoodbye(); left--) await Task.Delay(Step, CancellationToken.None);
    }

    /// <returns>Whether there is one that can answer.</returns>
    private bool SayGoodbye()
    {
        var all = connections.All;
        foreach (var connection in all) connection.Close(CloseCode.Drain);
        return all.Any(c => c is SocketConnection);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

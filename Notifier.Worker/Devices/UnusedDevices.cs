using Microsoft.Extensions.Options;
using Notifier.Worker.Escalation;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Devices;

/// <summary>Removes, once an hour, the devices that nobody uses any more. Any worker may do it, twice does no harm.</summary>
internal sealed partial class UnusedDevices(SubscriptionStore subscriptions, IOptions<EscalationOptions> escalation, TimeProvider clock, ILogger<UnusedDevices> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            try
            {
                while (await subscriptions.RemoveUnusedAsync(escalation.Value.SubscriptionUnusedAfter, stoppingToken) is > 0 and var gone) LogGone(log, gone);
            }
            catch (Exception e) when (e is not OperationCanceledException) // next time; the worker has other things to do
            {
                LogDatabase(log, DatabaseFault.Word(e));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} devices were removed that nobody has used for long")]
    private static partial void LogGone(ILogger log, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Unused devices could not be removed ({Cause})")]
    private static partial void LogDatabase(ILogger log, string cause);
}

using Microsoft.Extensions.Options;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Email;

/// <summary>
/// The net under the alarms: a job that was lost, or deleted in the dashboard, is set anew for whatever is due. It is a plain timer, since a recurring
/// job of Hangfire's could be deleted just as well.
/// </summary>
internal sealed partial class OverdueSweep(NpgsqlDataSource database, EmailAlarms alarms, IOptions<AlarmOptions> options, TimeProvider clock, ILogger<OverdueSweep> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.Sweep, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException) // next time; the worker has other things to do
            {
                LogDatabase(log, DatabaseFault.Word(e));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>Whether an alarm had to be set.</returns>
    public async Task<bool> SweepAsync(CancellationToken cancellation)
    {
        using var scope = Transactions.Begin();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var lost = await EmailAttemptStore.IsOverdueAsync(connection, options.Value.Tolerance, cancellation);
        if (lost is { } now) await alarms.SetAsync(connection, [now], now, cancellation);
        scope.Complete();
        if (lost is not null) LogLost(log);
        return lost is not null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An email alarm was lost; it is set anew")]
    private static partial void LogLost(ILogger log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Overdue emails could not be looked for ({Cause})")]
    private static partial void LogDatabase(ILogger log, string cause);
}

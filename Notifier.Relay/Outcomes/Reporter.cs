using Notifier.Relay.Operations;
using Notifier.Relay.Storage;

namespace Notifier.Relay.Outcomes;

/// <summary>
/// Tells the database what became of messages, and everything else the notifier has to know, in batches; each batch until it is committed. Being told twice
/// changes nothing there.
/// </summary>
internal sealed partial class Reporter(Reports reports, ReportStore store, RelayMetrics metrics, ILogger<Reporter> log) : BackgroundService
{
    private const int BatchSize = 2000;

    /// <summary>Gathers what comes close together: fewer transactions.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(10), Pause = TimeSpan.FromMilliseconds(500);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await reports.WaitAsync(stoppingToken);
                await Task.Delay(Gather, stoppingToken);
                for (var batch = reports.Take(BatchSize); !batch.IsEmpty; batch = reports.Take(BatchSize)) await WriteAsync(batch, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left, FlushAsync tells.
        }
    }

    /// <summary>Everything that is known by now; at the end of the process.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        for (var batch = reports.Take(BatchSize); !batch.IsEmpty; batch = reports.Take(BatchSize)) await WriteAsync(batch, cancellation);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await FlushAsync(cancellationToken);
    }

    private async Task WriteAsync(ReportBatch batch, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await store.WriteAsync(batch, cancellation);
                foreach (var fact in batch.Facts) fact.Kept?.Invoke();
                foreach (var (reason, count) in batch.Outcomes.CountBy(o => o.Reason ?? "none")) metrics.Decided(reason == "none" ? "delivered" : "undelivered", reason, count);
                return;
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogAway(log, DatabaseFault.Word(e));
                await Task.Delay(Pause, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // A mistake of ours must not hold up everybody else's outcomes; the worker's sweep decides these.
                LogLost(log, e, batch.Outcomes.Count, batch.Facts.Count);
                return;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Outcomes wait: the database is away ({Cause})")]
    private static partial void LogAway(ILogger log, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Outcomes} outcomes and {Facts} facts could not be told")]
    private static partial void LogLost(ILogger log, Exception e, int outcomes, int facts);
}

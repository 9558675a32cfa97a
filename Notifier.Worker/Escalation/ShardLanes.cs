using Microsoft.Extensions.Options;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Escalation;

/// <summary>Lanes that go round the shards with work. A lane that finds a shard owned goes on to the next; workers share the shards by that alone.</summary>
internal sealed partial class ShardLanes(
    DueStore due, SiteDirectory sites, EscalationProcessor processor, DeadLetterStore deadLetters, Doorbells bells, IOptions<EscalationOptions> options, TimeProvider clock, ILogger<ShardLanes> log)
    : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.Value.Lanes).Select(lane => Task.Run(() => RunAsync(lane, stoppingToken), stoppingToken)));

    private async Task RunAsync(int lane, CancellationToken stopping)
    {
        await sites.LoadedAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (!await RoundAsync(lane, stopping)) await bells.Inbox.WaitAsync(options.Value.Poll, clock, stopping);
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogDatabase(log, DatabaseFault.Word(e));
                await Task.Delay(options.Value.Poll * 4, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
            }
        }
    }

    /// <returns>Whether anything was decided.</returns>
    private async Task<bool> RoundAsync(int lane, CancellationToken stopping)
    {
        var shards = await due.ShardsWithWorkAsync(stopping);
        var worked = false;
        // Each lane begins elsewhere, so that they meet seldom.
        var from = shards.Count * lane / options.Value.Lanes;
        for (var i = 0; i < shards.Count && !stopping.IsCancellationRequested; i++)
            worked |= await TurnAsync(shards[(from + i) % shards.Count], stopping) > 0;
        return worked;
    }

    private async Task<int?> TurnAsync(short shard, CancellationToken stopping)
    {
        try
        {
            return await processor.EventsTurnAsync(shard, options.Value.BatchSize, options.Value.BatchSize, stopping);
        }
        catch (Exception e) when (IsOurs(e))
        {
            // What we cannot carry must not hold up what lies behind it: one by one, and what still fails is set aside.
            LogTurnFailed(log, shard, e);
            for (var i = 0; i < options.Value.BatchSize; i++)
                if (!await CarefullyAsync(() => processor.EventsTurnAsync(shard, 1, 0, stopping), e => deadLetters.SetAsideAsync(shard, e.Message, stopping))) break;
            for (var i = 0; i < options.Value.BatchSize; i++)
                if (!await CarefullyAsync(() => processor.EventsTurnAsync(shard, 0, 1, stopping), _ => due.PostponePushAsync(shard, stopping))) break;
            return 1;
        }
    }

    private static async Task<bool> CarefullyAsync(Func<Task<int?>> turn, Func<Exception, Task> setAside)
    {
        try
        {
            return await turn() > 0;
        }
        catch (Exception e) when (IsOurs(e))
        {
            await setAside(e);
            return true;
        }
    }

    private static bool IsOurs(Exception e) => !DatabaseFault.Passes(e) && e is not OperationCanceledException;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database did not answer ({Cause}); trying again")]
    private static partial void LogDatabase(ILogger log, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "A batch of shard {Shard} could not be decided; going through it one by one")]
    private static partial void LogTurnFailed(ILogger log, short shard, Exception exception);
}

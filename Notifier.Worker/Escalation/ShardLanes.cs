using Microsoft.Extensions.Options;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Escalation;

/// <summary>Lanes that go round the shards with work. A lane that finds a shard owned goes on to the next; workers share the shards by that alone.</summary>
internal sealed partial class ShardLanes(
    DueStore due, SiteDirectory sites, TurnPlan plan, EscalationProcessor processor, DeadLetterStore deadLetters, Doorbells bells, IOptions<EscalationOptions> options, TimeProvider clock, ILogger<ShardLanes> log)
    : BackgroundService
{
    /// <summary>How many events a turn decides of a site that others wait behind.</summary>
    private const int ShortTurn = 100;

    /// <summary>How many shards one turn decides at most. Eight lanes, of any workers, can be at it at once.</summary>
    private const int ShardsATurn = 8;

    private static readonly TimeSpan AMoment = TimeSpan.FromMilliseconds(25), AnEntry = TimeSpan.FromMicroseconds(100);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, options.Value.Lanes).Select(_ => Task.Run(() => RunAsync(stoppingToken), stoppingToken)));

    private async Task RunAsync(CancellationToken stopping)
    {
        await sites.LoadedAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                if (!await RoundAsync(stopping)) await bells.Inbox.WaitAsync(options.Value.Poll, clock, stopping);
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
    private async Task<bool> RoundAsync(CancellationToken stopping)
    {
        var (listed, turns) = (clock.GetTimestamp(), plan.Turns);
        var waiting = await due.WaitingAsync(stopping);
        var planned = new Queue<Stint>(plan.Of(waiting));
        // What comes meanwhile may have to go first: a list holds for a moment, or, where it is long, for some ten times what it takes to make.
        var holds = TimeSpan.FromTicks(Math.Max(AMoment.Ticks, waiting.Count * AnEntry.Ticks));
        var worked = false;
        while (!stopping.IsCancellationRequested && plan.Begin(planned, turns, ShardsATurn) is [_, ..] stints)
        {
            try
            {
                worked |= await TurnAsync(stints, stopping) > 0;
            }
            finally
            {
                plan.End(stints);
            }
            if (worked && clock.GetElapsedTime(listed) > holds) break;
        }
        return worked;
    }

    private async Task<int> TurnAsync(IReadOnlyList<Stint> stints, CancellationToken stopping)
    {
        var most = stints[0].IsShort ? Math.Min(ShortTurn, options.Value.BatchSize) : options.Value.BatchSize;
        try
        {
            return await processor.EventsTurnAsync(stints, most, most, stopping);
        }
        catch (Exception e) when (IsOurs(e))
        {
            // What we cannot carry must not hold up what lies behind it: one by one, and what still fails is set aside.
            LogTurnFailed(log, string.Join(", ", stints.Select(s => s.Shard)), e);
            foreach (var stint in stints)
            {
                foreach (var one in stint.Sites.Select(site => stint with { Sites = [site] }))
                    for (var i = 0; i < most; i++)
                        if (!await CarefullyAsync(() => processor.EventsTurnAsync([one], 1, 0, stopping), e => deadLetters.SetAsideAsync(one.Shard, one.Sites[0], e.Message, stopping))) break;
                for (var i = 0; stint.Rungs && i < most; i++)
                    if (!await CarefullyAsync(() => processor.EventsTurnAsync([stint with { Sites = [] }], 0, 1, stopping), _ => due.PostponePushAsync(stint.Shard, stopping))) break;
            }
            return 1;
        }
    }

    private static async Task<bool> CarefullyAsync(Func<Task<int>> turn, Func<Exception, Task> setAside)
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

    [LoggerMessage(Level = LogLevel.Error, Message = "A batch of the shards {Shards} could not be decided; going through it one by one")]
    private static partial void LogTurnFailed(ILogger log, string shards, Exception exception);
}

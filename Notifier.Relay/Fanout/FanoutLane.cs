using System.Collections.Concurrent;

namespace Notifier.Relay.Fanout;

/// <summary>
/// One thing at a time, in the order it came, and nobody waits: whoever finds the lane empty carries what is there. So offsets, fan-out and who is connected
/// need no lock, and every connection gets its events in order.
/// </summary>
internal sealed partial class FanoutLane(ILogger<FanoutLane> log)
{
    /// <summary>So much is carried on a thread that has other things to do; then one of the pool takes over.</summary>
    private const int Shift = 64;

    private readonly ConcurrentQueue<Action> _waiting = new();
    private int _count;

    public void Post(Action work)
    {
        _waiting.Enqueue(work);
        if (Interlocked.Increment(ref _count) == 1) Carry();
    }

    /// <summary>Posts, and returns when it was done.</summary>
    public Task RunAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    private void Carry()
    {
        for (var carried = 1; ; carried++)
        {
            if (_waiting.TryDequeue(out var work))
            {
                try
                {
                    work();
                }
                catch (Exception e)
                {
                    LogFault(log, e);
                }
                if (Interlocked.Decrement(ref _count) == 0) return;
            }
            if (carried % Shift != 0) continue;
            ThreadPool.UnsafeQueueUserWorkItem(static lane => lane.Carry(), this, preferLocal: false);
            return;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A step of the fan-out failed; the next goes on")]
    private static partial void LogFault(ILogger log, Exception e);
}

using Hangfire;
using Hangfire.Common;
using Hangfire.Server;
using Hangfire.States;

namespace Notifier.Worker.Operations;

/// <summary>
/// Hangfire's server, put together by hand: as <c>AddHangfireServer</c> makes it, its threads wait ever longer after an error (1, 4, 9, … s, up to 5 min), all
/// threads of a process count together, and only a job that is done resets the count. Where all four fail at once, and the database is back after 10 seconds, the next asks 16 seconds after the error; the longer it is away, the later.
/// </summary>
internal sealed class AlarmServer(JobStorage storage, IGlobalConfiguration configured, IJobFilterProvider filters, JobActivator activator, IHostApplicationLifetime lifetime) : BackgroundService
{
    public const int Workers = 4;

    private static readonly string[] Queues = ["default", HangfireRegistration.EmailQueue]; // "default" only for what an admin enqueues by hand

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1), AfterAnError = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _ = configured; // that it was made is what counts: Hangfire's log and the list of jobs are set in it
        if (!await HasStartedAsync(stoppingToken)) return;
        using var server = new BackgroundProcessingServer(storage, Processes(), new Dictionary<string, object> { ["Queues"] = Queues, ["WorkerCount"] = Workers }, new BackgroundProcessingServerOptions
        {
            RetryDelay = _ => AfterAnError,
            RestartDelay = AfterAnError,
        });
        using var stop = lifetime.ApplicationStopping.Register(server.SendStop);
        await Task.Delay(Timeout.Infinite, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        server.SendStop();
        await server.WaitForShutdownAsync(CancellationToken.None);
    }

    private IBackgroundProcessDispatcherBuilder[] Processes()
    {
        var states = new BackgroundJobStateChanger(filters);
        return
        [
            new Hangfire.Server.Worker(Queues, new BackgroundJobPerformer(filters, activator), states).UseBackgroundPool(Workers),
            new DelayedJobScheduler(Poll, states).UseBackgroundPool(1),
        ];
    }

    /// <summary>No job runs before everything else is there that it may need.</summary>
    private async Task<bool> HasStartedAsync(CancellationToken stopping)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !stopping.IsCancellationRequested;
    }
}

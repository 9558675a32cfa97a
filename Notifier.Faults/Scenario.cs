using Notifier.Faults.Driving;
using Notifier.Faults.Stage;

namespace Notifier.Faults;

/// <summary>One way to fail, and what it excuses.</summary>
/// <param name="Inject">Runs beside the load; when it returns, everything is healed.</param>
/// <param name="Repeats">The process or a link dies between a final dot, or a POST, and our commit: there, and only there, something may arrive twice.</param>
internal sealed record Scenario(string Name, Func<Act, Task> Inject, Setup Setup, bool Repeats = false)
{
    /// <summary>Null: it can be run here; else why not.</summary>
    public Func<string?> CannotRun { get; init; } = () => null;

    /// <summary>With <c>Email__OnUnknown=Park</c>: no mail at all arrives twice, whatever dies when.</summary>
    public bool Parks { get; init; }
}

/// <summary>What a scenario's hand has at hand.</summary>
internal sealed class Act(Cast cast, Driver driver, DriverLog log, Seeded random, TimeSpan load)
{
    private readonly double _start = DriverLog.Now;

    public Cast Cast => cast;

    public Driver Driver => driver;

    public Seeded Random => random;

    /// <summary>Something more is to be done before the load ends.</summary>
    public bool Goes => DriverLog.Now - _start < load.TotalSeconds;

    public void Fault(string what) => log.Write("fault", new { Fault = what });

    public void Healed(string what) => log.Write("healed", new { Fault = what });

    /// <summary>Waits until mail clients have met a fault so often; at most half a minute.</summary>
    public async Task ReachedAsync(int times, Func<Task> arrange)
    {
        var left = times;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Count(int fault)
        {
            if (Interlocked.Decrement(ref left) <= 0) done.TrySetResult();
        }
        cast.Mail.Reached += Count;
        await arrange();
        await Task.WhenAny(done.Task, Task.Delay(TimeSpan.FromSeconds(30)));
        cast.Mail.Reached -= Count;
    }

    public Task PauseAsync(double from, double to) => Task.Delay(random.Between(from, to));
}

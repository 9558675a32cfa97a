namespace Notifier.Relay;

/// <summary>
/// The relay's coarse clock, in milliseconds: reading it costs nothing, so that every frame can note when it passed. What is due is looked at with each tick.
/// </summary>
internal sealed partial class Ticker(ILogger<Ticker> log) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private long _now = Environment.TickCount64;

    public long Now => Volatile.Read(ref _now);

    public event Action<long>? Ticked;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            Volatile.Write(ref _now, Environment.TickCount64);
            foreach (var due in Ticked?.GetInvocationList() ?? [])
            {
                try
                {
                    ((Action<long>)due)(Now);
                }
                catch (Exception e)
                {
                    LogFault(log, e);
                }
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Something that was due failed; the rest goes on")]
    private static partial void LogFault(ILogger log, Exception e);
}

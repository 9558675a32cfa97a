using Hangfire.AspNetCore;
using Hangfire.Logging;

namespace Notifier.Worker.Operations;

/// <summary>Hangfire keeps one log for the whole process. When the host that gave it is gone, a later host (and every test after the first) must not fail over it.</summary>
internal sealed class HangfireLog(ILoggerFactory loggers) : ILogProvider
{
    private readonly AspNetCoreLogProvider _host = new(loggers);

    public ILog GetLogger(string name)
    {
        try
        {
            return _host.GetLogger(name);
        }
        catch (ObjectDisposedException)
        {
            return new Silence();
        }
    }

    private sealed class Silence : ILog
    {
        public bool Log(Hangfire.Logging.LogLevel logLevel, Func<string>? messageFunc, Exception? exception = null) => false;
    }
}

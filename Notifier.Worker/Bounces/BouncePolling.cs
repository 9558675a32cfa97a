using System.Net.Sockets;
using MailKit;
using MailKit.Security;
using Microsoft.Extensions.Options;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Bounces;

/// <summary>Looks for new reports now and then. What fails is tried again the next time; nothing is lost meanwhile.</summary>
internal sealed partial class BouncePolling(BounceFolder folder, BounceMailbox mailbox, IOptions<BouncesOptions> options, TimeProvider clock, ILogger<BouncePolling> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value is { Folder: null, Imap.Host: null }) return;
        using var timer = new PeriodicTimer(options.Value.Interval, clock);
        do
        {
            if (options.Value.Folder is { } path) await TryAsync(() => folder.ReadAsync(path, stoppingToken), stoppingToken);
            if (options.Value.Imap is { Host: not null } imap) await TryAsync(() => mailbox.ReadAsync(imap, stoppingToken), stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TryAsync(Func<Task> read, CancellationToken stopping)
    {
        try
        {
            await read();
        }
        catch (Exception e) when (DatabaseFault.Passes(e) || IsFault(e))
        {
            if (!stopping.IsCancellationRequested) LogFault(log, e is AggregateException { InnerException: { } first } ? first.GetType().Name : e.GetType().Name);
        }
        catch (Exception e)
        {
            // What leaves here ends the whole worker, and whoever is written to can have a hand in it.
            LogBroken(log, e);
        }
    }

    private static bool IsFault(Exception e) => e
        is AggregateException or IOException or UnauthorizedAccessException or SocketException or ProtocolException or CommandException or ServiceNotConnectedException or SslHandshakeException
        or AuthenticationException or NotSupportedException or FolderNotFoundException or OperationCanceledException or TimeoutException;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Bounces cannot be read now: {Cause}")]
    private static partial void LogFault(ILogger log, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "Bounces could not be read")]
    private static partial void LogBroken(ILogger log, Exception fault);
}

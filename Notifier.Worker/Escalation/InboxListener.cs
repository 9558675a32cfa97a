using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Escalation;

/// <summary>Hears the database's doorbell and rings ours. Away, it only costs latency: the lanes poll as well.</summary>
internal sealed partial class InboxListener(NpgsqlDataSource database, Doorbells bells, TimeProvider clock, ILogger<InboxListener> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                connection.Notification += (_, _) => bells.Inbox.Ring();
                await using (var listen = new NpgsqlCommand("LISTEN notifier_inbox", connection)) await listen.ExecuteNonQueryAsync(stoppingToken);
                bells.Inbox.Ring(); // for what came while nobody listened
                while (true) await connection.WaitAsync(stoppingToken);
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogAway(log, DatabaseFault.Word(e));
                await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The inbox cannot be listened to ({Cause}); it is polled meanwhile")]
    private static partial void LogAway(ILogger log, string cause);
}

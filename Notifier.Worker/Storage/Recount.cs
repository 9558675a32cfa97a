using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Has tables counted again that have grown, so that PostgreSQL makes new plans for them: see <see cref="Plans"/>. Any worker may do it; one at a time does.</summary>
internal sealed partial class Recount(NpgsqlDataSource database, TimeProvider clock, ILogger<Recount> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            try
            {
                await using var command = database.CreateCommand("SELECT notifier.recount()");
                await command.ExecuteNonQueryAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException) // next time; the worker has other things to do
            {
                LogDatabase(log, DatabaseFault.Word(e));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Tables that have grown could not be counted ({Cause})")]
    private static partial void LogDatabase(ILogger log, string cause);
}

using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Keeps the tables small: makes the trace's partitions ahead of time, and lets go of what is old. Any worker may do it, twice does no harm.</summary>
internal sealed partial class Retention(NpgsqlDataSource database, TimeProvider clock, ILogger<Retention> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            // Each in a transaction of its own: one locks the trace, the other takes its time.
            foreach (var tidy in (string[])["SELECT notifier.tidy()", "SELECT notifier.tidy_rows()"]) await TidyAsync(tidy, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TidyAsync(string sql, CancellationToken stopping)
    {
        try
        {
            await using var command = database.CreateCommand(sql);
            command.CommandTimeout = (int)Every.TotalSeconds;
            await command.ExecuteNonQueryAsync(stopping);
        }
        catch (Exception e) when (e is not OperationCanceledException) // next time; the worker has other things to do
        {
            LogDatabase(log, DatabaseFault.Word(e));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old rows could not be tidied away ({Cause})")]
    private static partial void LogDatabase(ILogger log, string cause);
}

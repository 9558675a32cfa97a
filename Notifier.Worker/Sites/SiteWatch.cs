using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Sites;

/// <summary>Reads the sites' rows before anything else starts, and again whenever one changes: at the database's bell, and every few seconds in case it was not heard.</summary>
internal sealed partial class SiteWatch(NpgsqlDataSource database, SiteDirectory sites, TimeProvider clock, ILogger<SiteWatch> log) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromSeconds(2);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await sites.LoadAsync(cancellationToken);
        }
        catch (Exception e) when (IsAway(e))
        {
            LogAway(log, DatabaseFault.Word(e));
        }
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenConnectionAsync(stoppingToken);
                await using (var listen = new NpgsqlCommand("LISTEN notifier_site", connection)) await listen.ExecuteNonQueryAsync(stoppingToken);
                while (true)
                {
                    await sites.LoadAsync(stoppingToken); // also what changed while nobody listened
                    await connection.WaitAsync(Poll, stoppingToken);
                }
            }
            catch (Exception e) when (IsAway(e))
            {
                LogAway(log, DatabaseFault.Word(e));
                await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
            }
        }
    }

    /// <summary>A database that is not migrated yet will be.</summary>
    private static bool IsAway(Exception e) => DatabaseFault.Passes(e) || e is PostgresException { SqlState: PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.UndefinedColumn };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sites' rows cannot be read ({Cause}); what was read before goes on holding")]
    private static partial void LogAway(ILogger log, string cause);
}

using Npgsql;

namespace Notifier.Worker.Relay;

/// <summary>
/// The net under the relay: what it accepted and has not decided in ten seconds, because it died or cannot reach the database, is undelivered (<c>relay_lost</c>).
/// Any worker may do it, twice does no harm.
/// </summary>
internal sealed partial class RelaySweep(NpgsqlDataSource database, TimeProvider clock, ILogger<RelaySweep> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <summary>What is decided is let go of with every so many sweeps.</summary>
    private const int SweepsPerTidying = 60;

    private const int BatchSize = 500;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        var sweeps = 0L;
        do
        {
            try
            {
                while (await SweepAsync(stoppingToken) == BatchSize)
                {
                }
                if (sweeps++ % SweepsPerTidying == 0) await TidyAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException) // next time; the worker has other things to do
            {
                LogDatabase(log, DatabaseFault.Word(e));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>How many messages were looked at.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT relay.sweep($1)");
        command.Parameters.AddWithValue(BatchSize);
        return (int)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public async Task TidyAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT relay.tidy()");
        await command.ExecuteNonQueryAsync(cancellation);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "What relays left undecided could not be looked for ({Cause})")]
    private static partial void LogDatabase(ILogger log, string cause);
}

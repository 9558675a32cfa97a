using Notifier.Domain;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Operations;

/// <summary>Looks every few seconds how much waits, and whether anybody was forgotten.</summary>
internal sealed partial class BacklogGauges(
    InboxStore inbox, BacklogStore backlog, NotifierMetrics metrics, EscalationPolicy policy, TimeProvider time, ILogger<BacklogGauges> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly MissedSweep _sweep = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await RefreshAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                metrics.Backlog = null; // no number is better than an old one
                LogFailed(logger, e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    internal async Task RefreshAsync(CancellationToken cancellation)
    {
        var (depth, oldest) = await inbox.BacklogAsync(cancellation);
        var open = await backlog.OpenEscalationsAsync(cancellation);
        var part = await backlog.MissedAsync(_sweep.NextBlock, MissedSweep.Blocks, policy.EmailDelay, policy.GroupEmailDelay, cancellation);
        metrics.Backlog = new Backlog(depth, oldest, open, part.Overdue + _sweep.Add(part));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The backlog could not be measured: {Problem}")]
    private static partial void LogFailed(ILogger logger, string problem);
}

/// <summary>Goes through the escalations a piece at a time, and remembers what each piece held.</summary>
internal sealed class MissedSweep
{
    /// <summary>Blocks of 8 KB per step: some 6,000 escalations, so that a step stays below a twentieth of a second.</summary>
    public const int Blocks = 100;

    private readonly List<long> _pieces = [];
    private int _piece;

    public int NextBlock => _piece * Blocks;

    /// <returns>What the last complete round, and this one so far, have found.</returns>
    public long Add(MissedPart part)
    {
        var pieces = Math.Max(1, (part.TableBlocks + Blocks - 1) / Blocks);
        if (_pieces.Count > pieces) _pieces.RemoveRange(pieces, _pieces.Count - pieces);
        while (_pieces.Count < pieces) _pieces.Add(0);
        if (_piece < pieces) _pieces[_piece] = part.Forgotten;
        _piece = (_piece + 1) % pieces;
        return _pieces.Sum();
    }
}

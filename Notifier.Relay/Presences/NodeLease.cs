using Notifier.Relay.Fanout;
using Notifier.Relay.Fanout.Nats;
using Notifier.Relay.Outcomes;
using Npgsql;

namespace Notifier.Relay.Presences;

/// <summary>
/// One lease for all the people of this node, renewed while it lives: for the notifier (<c>relay.alive</c>, per site), and for the other nodes. So a hundred
/// thousand people cost no write each, and a node that dies takes its people with it.
/// </summary>
internal sealed partial class NodeLease(NpgsqlDataSource database, EventLog events, People people, Reports reports, Facts facts, Signals signals, TimeProvider clock, ILogger<NodeLease> log, NatsFanout? nats = null)
    : BackgroundService
{
    private const int LeaseSeconds = 45;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    /// <summary>The notifier's leases are renewed with every so many looks.</summary>
    private const int LooksPerRenewal = 10;

    private readonly Dictionary<string, long> _renewed = [];
    private readonly Bell _changed = new();
    private bool _told;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // With the lease a node says whether it hears NATS; the others ring for it as long as it does not.
        if (nats is not null) nats.Changed += _changed.Ring;
        for (var look = 0L; ; look++)
        {
            try
            {
                if (look % LooksPerRenewal == 0) await RenewAsync(LeaseSeconds, stoppingToken);
                else await LookAsync(stoppingToken);
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogAway(log, DatabaseFault.Word(e));
            }
            TellSites(look);
            await _changed.WaitAsync(Look, stoppingToken);
        }
    }

    /// <summary>A node that ends in order says so: the others need not wait for its lease.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await RenewAsync(0, cancellationToken);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogAway(log, DatabaseFault.Word(e));
        }
    }

    /// <summary>A site's lease begins with its first person, and not with the next renewal.</summary>
    private void TellSites(long look)
    {
        var at = clock.GetUtcNow();
        foreach (var site in people.All.Select(p => p.Key.Site).ToHashSet())
        {
            if (_renewed.TryGetValue(site, out var last) && look - last < LooksPerRenewal) continue;
            _renewed[site] = look;
            reports.Add(facts.Alive(site, LeaseSeconds, at));
        }
        foreach (var (site, last) in _renewed.ToArray())
            if (look - last > 10 * LooksPerRenewal) _renewed.Remove(site);
    }

    private async Task RenewAsync(int seconds, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("SELECT others, deaf FROM relay.renew($1, $2, $3)");
        command.Parameters.AddWithValue(events.Epoch);
        command.Parameters.AddWithValue(seconds);
        command.Parameters.AddWithValue(_told = nats is { Carries: true });
        await SeeAsync(command, cancellation);
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        if (_told != nats is { Carries: true })
        {
            await RenewAsync(LeaseSeconds, cancellation);
            return;
        }
        await using var command = database.CreateCommand("SELECT count(*) > 0, coalesce(bool_or(NOT by_nats), false) FROM relay.node WHERE node <> $1 AND lease_until > now()");
        command.Parameters.AddWithValue(events.Epoch);
        await SeeAsync(command, cancellation);
    }

    private async Task SeeAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        (signals.HasDeaf, signals.HasOthers) = (reader.GetBoolean(1), reader.GetBoolean(0));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The node's lease was not renewed: the database is away ({Cause})")]
    private static partial void LogAway(ILogger log, string cause);
}

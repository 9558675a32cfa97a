using System.Diagnostics;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Worker.Operations;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Escalation;

/// <summary>
/// Carries one batch of a few shards through: take, load, decide, write; one transaction, a fixed number of statements whatever the batch.
/// Killed at any point it leaves nothing, and the batch is taken again; run twice it changes nothing.
/// </summary>
internal sealed class EscalationProcessor(
    NpgsqlDataSource database, IOptions<EscalationOptions> options, SiteDirectory sites, SiteShares shares, EscalationIds ids, Email.EmailAlarms alarms, Doorbells bells, NotifierMetrics metrics, TimeProvider clock)
{
    /// <summary>Decides events, and the push rungs that are due, of the shards that nobody else is at.</summary>
    /// <param name="stints">Where they are.</param>
    /// <param name="events">How many events at most.</param>
    /// <param name="rungs">How many push rungs at most.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>How many of both; 0 also where another worker owns all of the shards now.</returns>
    public async Task<int> EventsTurnAsync(IReadOnlyCollection<Stint> stints, int events, int rungs, CancellationToken cancellation)
    {
        using var scope = Transactions.Begin();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var ours = await ShardLock.TryTakeAsync(connection, stints.Select(s => s.Shard), cancellation);
        var of = stints.Where(s => ours.Contains(s.Shard)).SelectMany(s => s.Sites, (s, site) => (s.Shard, site)).ToArray();
        var withRungs = stints.Where(s => s.Rungs && ours.Contains(s.Shard)).Select(s => s.Shard).ToArray();

        var from = clock.GetUtcNow();
        var turn = NewTurn(TurnKind.Events);
        var rows = of.Length > 0 && events > 0 ? await InboxStore.TakeAsync(connection, of, events, cancellation) : [];
        foreach (var row in rows) turn.Take(row);
        var due = withRungs.Length > 0 && rungs > 0 ? await DueStore.PushDueAsync(connection, withRungs, rungs, cancellation) : [];
        foreach (var key in due) turn.Query.Add(key);
        if (rows.Count + due.Count > 0) await CarryThroughAsync(connection, turn, cancellation);
        scope.Complete();
        scope.Dispose(); // commits: what follows must not be told before
        Announce(turn);
        foreach (var (site, count) in rows.CountBy(r => r.Site)) shares.Took(site, count);
        if (due.Count > 0) shares.Took(SiteShares.Rungs, due.Count);
        if (Tracing.IsOn) Trace(turn, from);
        return rows.Count + due.Count;
    }

    /// <summary>Decides the email rungs that are due, of those of the shards that nobody else is at, and of one at least.</summary>
    /// <param name="shards">Where they are.</param>
    /// <param name="people">Of how many people at most.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The shards in which nothing is due any more.</returns>
    public async Task<IReadOnlyCollection<short>> EmailsTurnAsync(IReadOnlyCollection<short> shards, int people, CancellationToken cancellation)
    {
        using var scope = Transactions.Begin();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var ours = await ShardLock.TakeSomeAsync(connection, shards, cancellation);

        var turn = NewTurn(TurnKind.Emails);
        var due = await DueStore.EmailDueAsync(connection, ours, people, cancellation);
        foreach (var key in due) turn.Query.Add(key);
        if (due.Count > 0) await CarryThroughAsync(connection, turn, cancellation);
        scope.Complete();
        scope.Dispose();
        Announce(turn);
        return due.Select(k => k.Owner).Distinct().Count() < people ? ours : [];
    }

    private async Task CarryThroughAsync(NpgsqlConnection connection, Turn turn, CancellationToken cancellation)
    {
        if (turn.Query.Recipients.Count > 0)
            foreach (var key in await DueStore.OpenAsync(connection, turn.Query.Recipients, cancellation)) turn.Query.Add(key);
        var state = await StateStore.LoadAsync(connection, turn.Query, cancellation);
        turn.Decide(state);
        if (turn.WantsIds is > 0 and var count) turn.Name(await ids.TakeAsync(connection, count, cancellation));
        await TurnStore.SaveAsync(connection, turn.Changes, options.Value.Policy.PushTtl, cancellation);
        await alarms.SetAsync(connection, turn.EmailsDue, state.Now, cancellation);
    }

    /// <summary>A span for each message that came with a trace: what was decided of it, for everyone it was for in this batch.</summary>
    private static void Trace(Turn turn, DateTimeOffset from)
    {
        var rulings = turn.Changes.Trace.ToLookup(t => (t.Key.Site, t.Message));
        foreach (var (site, content) in turn.Changes.Messages)
        {
            using var span = Tracing.Start("notifier.decide", ActivityKind.Internal, content.TraceParent, from);
            span?.SetTag("notifier.site", site).SetTag("notifier.decisions", rulings[(site, content.Id)].SelectMany(t => t.Rulings).Select(r => $"{r.Channel.Word()} {r.Ruling.Verdict.Word()} {r.Ruling.Reason.Word()}").Distinct().ToArray());
        }
    }

    private Turn NewTurn(TurnKind kind) => new(kind, sites.Of);

    private void Announce(Turn turn)
    {
        foreach (var ((channel, verdict, reason), count) in turn.Changes.Trace.SelectMany(t => t.Rulings).CountBy(r => (r.Channel, r.Ruling.Verdict, r.Ruling.Reason)))
            metrics.Decided(channel, new Ruling(verdict, reason), count);
        if (turn.OrdersPush) bells.Push.Ring();
    }
}

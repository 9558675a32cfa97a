using System.Text.Json;
using Notifier.Domain;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout.Nats;
using Notifier.Relay.Operations;
using Notifier.Relay.Outcomes;
using Notifier.Relay.Presences;
using Notifier.Relay.Publish;
using Notifier.Relay.Storage;

namespace Notifier.Relay.Fanout;

/// <summary>
/// Carries what other nodes have accepted, and their signals, to who is connected here: over NATS where there is one, when one rings, and by a poll behind both. At the start
/// it reads back what was accepted lately: for who resumes, and for who shares a recent conversation.
/// </summary>
internal sealed partial class OtherNodes(
    OtherNodesStore store, Switchboard switchboard, RecentPublications recent, ForeignSignals signals, Conversations conversations, Reports reports, FanoutLane lane, Ticker ticker,
    RelayMetrics metrics, ILogger<OtherNodes> log, NatsFanout? nats = null) : BackgroundService
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500), PollBehindNats = TimeSpan.FromSeconds(2), Pause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1);
    private readonly Bell _missed = new();
    private (long Accepted, string Signals)? _position;
    private volatile bool _hasBegun;

    /// <summary>Before anybody connects, where the database is there: then who was connected to a node that has ended is resumed here.</summary>
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            _position = await BeginAsync(cancellationToken);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogAway(log, DatabaseFault.Word(e));
        }
        ticker.Ticked += _ => switchboard.Mark();
        if (nats is not null)
        {
            nats.Accepted += Publish;
            nats.Signalled += signals.Take;
            nats.Changed += _missed.Ring; // what came while it was away, or before it was noticed
        }
        await base.StartAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(PollAsync(stoppingToken), CatchUpAsync(stoppingToken));

    private async Task PollAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            try
            {
                await using var listening = await store.ListenAsync(stoppingToken);
                while (true)
                {
                    await CarryAsync(stoppingToken);
                    await listening.WaitAsync(nats is { Carries: true } ? PollBehindNats : Poll, stoppingToken);
                }
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogAway(log, DatabaseFault.Word(e));
                await Task.Delay(Pause, stoppingToken);
            }
        }
    }

    /// <summary>When something was missed: at once, in its order, and what follows it comes over NATS again.</summary>
    private async Task CatchUpAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await _missed.WaitAsync(stoppingToken);
            try
            {
                await CarryAsync(stoppingToken);
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogAway(log, DatabaseFault.Word(e)); // the poll tries again
            }
        }
    }

    private async Task CarryAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            var position = _position ?? await BeginAsync(cancellation);
            // What NATS has brought whole need not be read.
            position.Accepted = Math.Max(position.Accepted, switchboard.Log.Accepted);
            _position = await CarryAsync(position, cancellation);
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<(long Accepted, string Signals)> BeginAsync(CancellationToken cancellation)
    {
        var begin = await store.BeginAsync(cancellation);
        var rows = await store.RecentAsync(begin.Accepted, cancellation);
        var after = rows.LastOrDefault(r => !r.IsKept)?.Row.Id ?? rows.FirstOrDefault()?.Row.Id - 1 ?? begin.Accepted;
        List<Publication> kept = [];
        foreach (var (row, age, _, delivered) in rows)
        {
            if (Read(row, age, out _) is not { } publication) continue;
            var message = publication.Message;
            lane.Post(() => conversations.Learn(message.Site, message.Conversation, message.SenderId, message.To));
            if (row.Id <= after) continue;
            publication.WasDelivered(delivered.Select(place => place - 1));
            kept.Add(publication);
        }
        await switchboard.BeginAsync(kept, after, begin.Accepted);
        _hasBegun = true;
        return begin;
    }

    private async Task<(long Accepted, string Signals)> CarryAsync((long Accepted, string Signals) position, CancellationToken cancellation)
    {
        var top = await store.TopAsync(cancellation);
        while (position.Accepted < top)
        {
            var (rows, behind) = await store.AcceptedAsync(position.Accepted, top, cancellation);
            foreach (var row in rows) Publish(row);
            position.Accepted = behind;
            switchboard.Reached(behind);
        }
        var (news, seen) = await store.SignalsAsync(position.Signals, cancellation);
        foreach (var signal in news) signals.Take(signal);
        position.Signals = seen;
        return position;
    }

    /// <summary>A message as this node knows it, which may have been published here too.</summary>
    /// <returns>Null: the row is not as a relay of this version writes it.</returns>
    private Publication? Read(AcceptedRow row, TimeSpan age, out List<Outcome> held)
    {
        held = [];
        try
        {
            using var body = JsonDocument.Parse(row.Body);
            return Read(row.Id, PublishReader.OfAccepted(row.Site, row.Message, row.Recipients, body.RootElement, row.At), age, out held);
        }
        catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException or JsonException)
        {
            LogUnreadable(log, e, row.Id);
            return null;
        }
    }

    private Publication Read(long row, PublishedMessage message, TimeSpan age, out List<Outcome> held)
    {
        var publication = recent.Get(message, age);
        held = publication.Admission.Succeed(row, mine: true);
        return publication;
    }

    private void Publish(AcceptedRow row)
    {
        if (Read(row, TimeSpan.Zero, out var held) is not { } publication) return;
        foreach (var outcome in held) reports.Add(outcome);
        metrics.Carried("postgres", 1);
        switchboard.PublishForeign(publication);
    }

    private void Publish(AcceptedGroup group)
    {
        if (!_hasBegun) return; // the beginning reads it
        var publications = new List<Publication>(group.Messages.Count);
        foreach (var (row, message) in group.Messages)
        {
            publications.Add(Read(row, message, TimeSpan.Zero, out var held));
            foreach (var outcome in held) reports.Add(outcome);
        }
        switchboard.PublishForeign(group.Behind, publications, missed: () =>
        {
            metrics.Missed();
            _missed.Ring();
        });
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The accepted message {Row} cannot be read, and is passed over")]
    private static partial void LogUnreadable(ILogger log, Exception e, long row);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The other nodes cannot be heard: the database is away ({Cause})")]
    private static partial void LogAway(ILogger log, string cause);
}

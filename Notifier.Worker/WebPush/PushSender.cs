using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Domain.WebPush;
using Notifier.Worker.Escalation;
using Notifier.Worker.Operations;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.WebPush;

/// <summary>
/// Empties the push outbox: claims a batch, looks once more, sends with many requests in flight, and writes how they ended in batches.
/// Killed between POST and end, a push message goes out again after its lease, under the same Topic and tag: it takes its own place.
/// </summary>
internal sealed partial class PushSender(
    NpgsqlDataSource database, SiteDirectory sites, PushOutboxStore outbox, PushServiceClient client, PushEndings endings, IOptions<WebPushOptions> options, IOptions<EscalationOptions> escalation,
    Doorbells bells, TimeProvider clock, ILogger<PushSender> log) : BackgroundService
{
    private const int MostClaimed = 500, MostEnded = 500;

    /// <summary>While one site has a storm of them: so that the next look at what the others have is near.</summary>
    private const int FewClaimed = 50;

    private readonly Channel<PushEnd> _ends = System.Threading.Channels.Channel.CreateUnbounded<PushEnd>(new() { SingleReader = true });
    private readonly PushComposer _composer = new(sites);
    private readonly PushRoom _room = new(options.Value.Concurrency);
    private readonly SiteShares _shares = new(clock);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.IsOn) LogOff(log);
        await sites.LoadedAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // What is under way when we stop still gets its end written.
        var writing = WriteEndsAsync();
        try
        {
            while (!stoppingToken.IsCancellationRequested) await RoundAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
        finally
        {
            if (_room.IsEmpty) _ends.Writer.TryComplete();
            await writing;
        }
    }

    private async Task RoundAsync(CancellationToken stopping)
    {
        try
        {
            var free = _room.Free;
            var most = _shares.WithMore([]).Count > 0 ? FewClaimed : MostClaimed;
            var claimed = free > 0 ? await outbox.ClaimAsync(Math.Min(free, most), _room.OfEach, _room.UnderWay(), stopping) : [];
            foreach (var (site, count) in claimed.CountBy(p => p.Key.Site)) _shares.Took(site, count);
            if (claimed.Count > 0) await StartAsync(claimed, stopping);
            else await bells.Push.WaitAsync(escalation.Value.Poll, clock, stopping);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogDatabase(log, DatabaseFault.Word(e)); // what was claimed comes back when its lease ends
            await Task.Delay(escalation.Value.Poll * 4, clock, stopping);
        }
    }

    /// <summary>The last look, for a whole batch at once, right before the requests.</summary>
    private async Task StartAsync(List<ClaimedPush> claimed, CancellationToken stopping)
    {
        await using var connection = await database.OpenConnectionAsync(stopping);
        var query = new LadderQuery();
        foreach (var push in claimed) query.Add(push.Key, Extent.Everything);
        var state = await StateStore.LoadAsync(connection, query, stopping);
        var (contents, targets) = await PushContentStore.ReadAsync(connection, claimed, stopping);
        foreach (var claim in claimed)
        {
            // What was ordered since the claim is in these words already.
            var push = contents.TryGetValue(claim.Id, out var content) && !claim.Dismiss ? claim with { Version = content.Version, UpTo = Math.Max(claim.UpTo, content.UpTo) } : claim;
            var draft = Draft(push, state, contents, targets);
            if (draft.End is { } end) _ends.Writer.TryWrite(end);
            else
            {
                _room.Enter(new(push.Key.Site, push.Origin));
                _ = SendAsync(push, draft, stopping);
            }
        }
    }

    /// <summary>One that we cannot write must not hold up the others.</summary>
    private PushDraft Draft(ClaimedPush push, LadderState state, Dictionary<long, PushContent> contents, Dictionary<long, PushTarget> targets)
    {
        try
        {
            return _composer.Draft(push, state, contents.GetValueOrDefault(push.Id), targets.GetValueOrDefault(push.Subscription));
        }
        catch (Exception e)
        {
            LogUnforeseen(log, push.Origin, e);
            return new(null, null, default, new PushEnd(push, null, default, null, new Ruling(Verdict.Failed, Reason.Rejected)));
        }
    }

    private async Task SendAsync(ClaimedPush push, PushDraft draft, CancellationToken stopping)
    {
        await Task.Yield(); // encryption is work: not on the thread that claims
        try
        {
            var target = draft.Target!;
            using var span = Tracing.Start("notifier.push", ActivityKind.Client, draft.TraceParent);
            var outcome = await client.SendAsync(PushSubscription.FromStored(target.Endpoint, target.P256dh, target.Auth, target.VapidKey), draft.Message!, CancellationToken.None, draft.Signer);
            span?.SetTag("notifier.site", push.Key.Site).SetTag("notifier.origin", push.Origin).SetTag("notifier.outcome", outcome.Result.ToString());
            _ends.Writer.TryWrite(new PushEnd(push, target, draft.SentAt, outcome, null));
        }
        catch (Exception e)
        {
            LogUnforeseen(log, push.Origin, e);
            _ends.Writer.TryWrite(new PushEnd(push, draft.Target, draft.SentAt, new PushOutcome(PushResult.Rejected, Answer: e.GetType().Name), null));
        }
        finally
        {
            var wasFull = _room.Leave(new(push.Key.Site, push.Origin));
            if (stopping.IsCancellationRequested && _room.IsEmpty) _ends.Writer.TryComplete();
            if (wasFull) bells.Push.Ring(); // there is room again
        }
    }

    private async Task WriteEndsAsync()
    {
        var batch = new List<PushEnd>();
        while (await _ends.Reader.WaitToReadAsync())
        {
            while (batch.Count < MostEnded && _ends.Reader.TryRead(out var end)) batch.Add(end);
            try
            {
                await endings.WriteAsync(batch, CancellationToken.None);
            }
            catch (Exception e) when (DatabaseFault.Passes(e))
            {
                LogDatabase(log, DatabaseFault.Word(e)); // not written: they go out again after their lease
            }
            catch (Exception e)
            {
                LogUnforeseen(log, batch[0].Push.Origin, e); // the loop must live: nothing else would write an end any more
            }
            batch.Clear();
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Web Push is off, save for sites with keys of their own: WebPush__PublicKey and WebPush__PrivateKey are not set")]
    private static partial void LogOff(ILogger log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Push messages wait: the database did not answer ({Cause})")]
    private static partial void LogDatabase(ILogger log, string cause);

    [LoggerMessage(Level = LogLevel.Error, Message = "A push message to {Origin} failed in a way that nobody foresaw")]
    private static partial void LogUnforeseen(ILogger log, string origin, Exception exception);
}

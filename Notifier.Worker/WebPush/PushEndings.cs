using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Domain.WebPush;
using Notifier.Worker.Escalation;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.WebPush;

/// <summary>How one push message ended: by the answer of its push service, or by the last look.</summary>
/// <param name="SentAt">When the oldest message it tells of was sent.</param>
/// <param name="Look">Null without an outcome: what the look went by changed under it, and it is to be looked at again.</param>
internal sealed record PushEnd(ClaimedPush Push, PushTarget? Target, DateTimeOffset SentAt, PushOutcome? Outcome, Ruling? Look);

/// <summary>Writes the ends of a batch in one transaction, one statement per kind of consequence.</summary>
internal sealed partial class PushEndings(NpgsqlDataSource database, Doorbells bells, IOptions<WebPushOptions> options, NotifierMetrics metrics, ILogger<PushEndings> log)
{
    /// <summary>Where a push service asks for less and does not say for how long.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(30);

    private sealed class Consequences
    {
        public List<ClaimedPush> Done { get; } = [];
        public List<ClaimedPush> Told { get; } = [];
        public List<PushTarget> Used { get; } = [];
        public List<(ClaimedPush Push, PushTarget Target)> Gone { get; } = [];
        public List<(ClaimedPush Push, TimeSpan In, bool BurnsAttempt, bool Shrunk)> Later { get; } = [];
        public List<(ClaimedPush Push, TimeSpan For)> Holds { get; } = [];
        public List<(string Site, string Origin, bool Unauthorized)> Answers { get; } = [];
        public List<DeadLetter> DeadLetters { get; } = [];
        public List<(ClaimedPush Push, Ruling Ruling)> Trace { get; } = [];
    }

    public async Task WriteAsync(IReadOnlyCollection<PushEnd> ends, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var now = await NowAsync(connection, transaction, cancellation);
        var all = new Consequences();
        foreach (var end in ends)
            if (end.Outcome is { } outcome) Answered(all, end, outcome);
            else LookedAt(all, end, now);

        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            if (all.Later.Count > 0) batch.BatchCommands.Add(PushOutboxStore.Later(all.Later));
            if (all.Gone.Count > 0)
            {
                batch.BatchCommands.Add(PushContentStore.Gone(all.Gone));
                // Without a device half the email delay holds: their open escalations are decided anew.
                batch.BatchCommands.Add(InboxStore.Post([.. all.Gone.Select(g => g.Target.Owner).Distinct().Select(o => new RelayEvent.RecipientChanged(o.Site, now, o.Recipient))]));
            }
            if (all.Holds.Count > 0)
            {
                batch.BatchCommands.Add(PushContentStore.Hold(all.Holds));
                batch.BatchCommands.Add(PushOutboxStore.Hold(all.Holds));
                batch.BatchCommands.Add(PushOriginStore.HoldWhereMany(all.Holds));
            }
            batch.BatchCommands.Add(Plans.ByIndex());
            batch.BatchCommands.Add(Plans.Kept()); // from here on nothing leaves a choice
            if (all.Told.Count > 0)
            {
                batch.BatchCommands.Add(PushOutboxStore.ToBeTold(all.Told));
                batch.BatchCommands.Add(PushOutboxStore.Told(all.Told));
                batch.BatchCommands.Add(PushOutboxStore.TakeBack(all.Told));
            }
            if (all.Done.Count > 0) batch.BatchCommands.Add(PushOutboxStore.Done(all.Done));
            if (all.Used.Count > 0) batch.BatchCommands.Add(PushContentStore.Used(all.Used));
            if (all.DeadLetters.Count > 0) batch.BatchCommands.Add(DeadLetterStore.Keep(all.DeadLetters));
            if (all.Trace.Count > 0)
                batch.BatchCommands.Add(TraceStore.Write([.. all.Trace.Select(t => new TraceRow(now, t.Push.Key, t.Push.Message, null, t.Ruling, Email: null) { Basis = Basis(t.Push) })]));
            await batch.ExecuteNonQueryAsync(cancellation);
        }
        await CountAsync(connection, transaction, all.Answers, cancellation);
        await transaction.CommitAsync(cancellation);

        Measure(ends, now);
        if (all.Gone.Count > 0) bells.Inbox.Ring();
    }

    private static async Task<DateTimeOffset> NowAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT notifier.now()", connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return reader.Time(0);
    }

    /// <summary>The table of docs/web-push.md: answer → what is done.</summary>
    private void Answered(Consequences all, PushEnd end, PushOutcome outcome)
    {
        var (push, target) = (end.Push, end.Target!);
        all.Answers.Add((push.Key.Site, push.Origin, outcome.Result is PushResult.Unauthorized or PushResult.OtherKey));
        switch (outcome.Result)
        {
            case PushResult.Accepted:
                all.Done.Add(push);
                all.Used.Add(target);
                if (!push.Dismiss) all.Told.Add(push);
                break;
            case PushResult.SubscriptionGone:
                all.Gone.Add((push, target));
                all.Trace.Add((push, new Ruling(Verdict.Failed, Reason.SubscriptionGone)));
                break;
            case PushResult.SlowDown:
                var pause = outcome.RetryAfter ?? Breath;
                all.Holds.Add((push, pause));
                Again(all, push, pause, Reason.SlowDown, burnsAttempt: false);
                break;
            case PushResult.Transient or PushResult.Redirected:
                if (outcome.Result == PushResult.Redirected) LogRedirected(log, push.Origin, Status(outcome));
                var delay = PushRetry.Delay(push.Attempts, RandomNumberGenerator.GetInt32(1001) / 1000.0, options.Value.RetrySteps);
                Again(all, push, outcome.RetryAfter > delay ? outcome.RetryAfter.Value : delay, Reason.Transient);
                break;
            case PushResult.Unauthorized:
                LogUnauthorized(log, push.Origin, Status(outcome));
                Again(all, push, options.Value.KeyPause, Reason.Unauthorized);
                break;
            case PushResult.OtherKey:
                LogUnauthorized(log, push.Origin, Status(outcome));
                all.Done.Add(push);
                all.Trace.Add((push, new Ruling(Verdict.Failed, Reason.OtherKey)));
                break;
            case PushResult.TooLarge when !push.Shrunk:
                all.Later.Add((push, TimeSpan.Zero, true, true));
                break;
            default:
                all.Done.Add(push);
                all.Trace.Add((push, new Ruling(Verdict.Failed, Reason.Rejected)));
                all.DeadLetters.Add(new DeadLetter(
                    push.Key.Site, "push", null, null, outcome.Result.ToString().ToLowerInvariant(), outcome.Answer,
                    JsonSerializer.Serialize(new { push.Key.Recipient, push.Key.Conversation, push.Message, push.UpTo, push.Origin, push.Attempts })));
                break;
        }
    }

    private static void Again(Consequences all, ClaimedPush push, TimeSpan pause, Reason reason, bool burnsAttempt = true)
    {
        all.Later.Add((push, pause, burnsAttempt, push.Shrunk));
        all.Trace.Add((push, new Ruling(Verdict.Wait, reason)));
    }

    private static void LookedAt(Consequences all, PushEnd end, DateTimeOffset now)
    {
        if (end.Look is { } ruling) all.Trace.Add((end.Push, ruling));
        else ruling = Ruling.Wait(Reason.Unseen, now);
        if (ruling is { Verdict: Verdict.Wait, Until: { } until }) all.Later.Add((end.Push, until > now ? until - now : TimeSpan.Zero, false, end.Push.Shrunk));
        else all.Done.Add(end.Push);
    }

    private async Task CountAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, List<(string Site, string Origin, bool Unauthorized)> answers, CancellationToken cancellation)
    {
        if (answers.Count == 0) return;
        var opened = new List<(string Site, string Origin)>();
        await using (var count = new NpgsqlBatch(connection, transaction) { BatchCommands = { PushOriginStore.Count(answers) } })
        await using (var reader = await count.ExecuteReaderAsync(cancellation))
            while (await reader.ReadAsync(cancellation)) opened.Add((reader.GetString(0), reader.GetString(1)));
        if (opened.Count == 0) return;
        await using var open = new NpgsqlBatch(connection, transaction) { BatchCommands = { PushOriginStore.Open(opened) } };
        await open.ExecuteNonQueryAsync(cancellation);
        foreach (var (site, origin) in opened) LogBreaker(log, origin, site);
    }

    private void Measure(IReadOnlyCollection<PushEnd> ends, DateTimeOffset now)
    {
        foreach (var end in ends)
        {
            if (end.Outcome is not { } outcome) continue;
            metrics.Pushed(end.Push.Origin, outcome.Result.ToString().ToLowerInvariant());
            if (outcome.Result == PushResult.Accepted && !end.Push.Dismiss) metrics.Notified(Channel.Push, now - end.SentAt);
        }
    }

    /// <summary>What was said with it may be anything, a person's words among it: that is kept in the dead letter, and not in the log.</summary>
    private static string Status(PushOutcome outcome) => outcome.Answer.Split(' ')[0];

    private static string Basis(ClaimedPush push) => JsonSerializer.Serialize(new { origin = push.Origin, attempt = push.Attempts, dismiss = push.Dismiss });

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Origin} refuses our key or a subscription's: it answers {Status}")]
    private static partial void LogUnauthorized(ILogger log, string origin, string status);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Origin} sends us elsewhere, which is not followed: it answers {Status}")]
    private static partial void LogRedirected(ILogger log, string origin, string status);

    [LoggerMessage(Level = LogLevel.Error, Message = "ALARM: {Origin} refuses the VAPID key of site {Site}; nothing is sent there for 5 minutes, and no subscription is removed")]
    private static partial void LogBreaker(ILogger log, string origin, string site);
}

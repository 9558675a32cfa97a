using System.Text.Json;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Domain.Email;
using Notifier.Worker.Escalation;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Email;

/// <summary>
/// Writes how attempts ended, and tells the shard's owner by an event of our own; both in one transaction, under the fence of the claim. Those that end while others are being written are
/// written together. Nothing stops this: what the mail server has, and we do not say so, is sent twice.
/// </summary>
internal sealed class EmailEndings
{
    private sealed record Ending(string State, Ruling Ruling, string? Answer, TimeSpan? RetryIn = null, bool BurnsAttempt = true, bool Suppress = false, bool DeadLetter = false, bool Parks = false);

    private sealed record Ended(ClaimedEmail Email, EmailDraft Says, EmailContent? Content, Ending Ending);

    private const int Most = 64;

    /// <summary>Nobody waits for the shard's owner to hear of it: what ends meanwhile is one turn.</summary>
    private static readonly TimeSpan InNoHurry = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private static readonly Ending Parked = new("parked", new(Verdict.Wait, Reason.OutcomeUnknown), null, Parks: true);

    private readonly NpgsqlDataSource _database;
    private readonly EmailAlarms _alarms;
    private readonly Doorbells _bells;
    private readonly IOptions<EmailOptions> _options;
    private readonly NotifierMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly Gathering<Ended, bool> _ends;

    public EmailEndings(NpgsqlDataSource database, EmailAlarms alarms, Doorbells bells, IOptions<EmailOptions> options, NotifierMetrics metrics, TimeProvider clock)
    {
        (_database, _alarms, _bells, _options, _metrics, _clock) = (database, alarms, bells, options, metrics, clock);
        _ends = new(Most, WriteAsync);
    }

    public Task EndAsync(ClaimedEmail email, EmailDraft says, EmailContent content, SmtpOutcome outcome) => WriteAsync(new Ended(email, says, content, Of(email, outcome)));

    /// <summary>The gate lets nothing of it go: what waits is decided anew, what is seen is over.</summary>
    public Task WithdrawAsync(ClaimedEmail email, EmailDraft says) =>
        WriteAsync(new Ended(email, says, null, new Ending("withdrawn", new Ruling(Verdict.Wait, Reason.Coalescing), null)));

    /// <summary>
    /// The gate lets it wait, and the server may have it already (semantics.md, Email): decided anew it would come once more under another Message-ID. It stays what it is, and asks
    /// again after an hour at most: who ends their quiet hours is not to wait for what these were.
    /// </summary>
    public Task HoldAsync(ClaimedEmail email, EmailDraft says, Ruling wait)
    {
        var pause = wait.Until - says.Now ?? _options.Value.TransportPause;
        return WriteAsync(new Ended(email, says, null, new Ending("retry", wait, null, pause < Longest ? pause : Longest, BurnsAttempt: false)));
    }

    /// <summary>Nothing was handed to a server: perhaps it can be written by the next attempt, or the next release.</summary>
    public Task UncomposedAsync(ClaimedEmail email, EmailDraft says, string fault) =>
        WriteAsync(new Ended(email, says, null, Of(email, new SmtpOutcome.Transient(SmtpPhase.Mail, null)) with { Answer = $"it could not be written: {fault}" }));

    /// <summary>Nobody can tell whether it arrived, and it was re-sent already: it counts as told.</summary>
    public Task UnknownAsync(ClaimedEmail email) =>
        WriteAsync(new Ended(email, EmailDraft.Nothing with { Goes = email.Conversations }, null, new Ending("unknown", new Ruling(Verdict.Told, Reason.OutcomeUnknown), null)));

    /// <summary>Nobody can tell whether it arrived, and it is not to be sent twice: an admin says what becomes of it.</summary>
    public Task ParkAsync(ClaimedEmail email) => WriteAsync(new Ended(email, EmailDraft.Nothing with { Goes = email.Conversations }, null, Parked));

    /// <summary>The trace says that the person may get this one twice.</summary>
    public async Task NoteResendAsync(ClaimedEmail email, CancellationToken cancellation)
    {
        await using var connection = await _database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { EmailTrace.UnderWay(email, new Ruling(Verdict.Send, Reason.OutcomeUnknown)) } };
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private Ending Of(ClaimedEmail email, SmtpOutcome outcome) => outcome switch
    {
        SmtpOutcome.Sent sent => new("sent", new(Verdict.Told, Reason.Accepted), sent.Answer),
        SmtpOutcome.Transient t when EmailRetry.Delay(email.Attempts, email.Age, t, _options.Value.RetrySteps) is { } delay => new("retry", new(Verdict.Wait, Reason.Transient), t.Reply?.Text, delay),
        SmtpOutcome.Transient t => new("failed", new(Verdict.Failed, Reason.Transient), t.Reply?.Text, DeadLetter: true),
        SmtpOutcome.TransportDown t when email.Age < EmailRetry.GiveUpAfter => new("retry", new(Verdict.Wait, Reason.Transient), t.Reply?.Text, _options.Value.TransportPause, BurnsAttempt: false),
        SmtpOutcome.TransportDown t => new("failed", new(Verdict.Failed, Reason.Transient), t.Reply?.Text, DeadLetter: true),
        SmtpOutcome.Held h when email.Age < EmailRetry.GiveUpAfter => new("retry", new(Verdict.Wait, Reason.Throttled), null, h.For, BurnsAttempt: false),
        SmtpOutcome.Held => new("failed", new(Verdict.Failed, Reason.Throttled), "held back by Email__RatePerDomain for too long", DeadLetter: true),
        // The gate refuses the address from now on: everything of it is decided anew.
        SmtpOutcome.AddressRejected a => new("failed", new(Verdict.Wait, Reason.AddressSuppressed), a.Reply?.Text ?? a.Fault.ToString(), Suppress: true),
        SmtpOutcome.MessageRejected m => new("failed", new(Verdict.Failed, Reason.Rejected), m.Reply.Text, DeadLetter: true),
        SmtpOutcome.OurFault f => new("failed", new(Verdict.Failed, Reason.Rejected), f.Reply.Text, DeadLetter: true),
        SmtpOutcome.Unknown when _options.Value.OnUnknown == UnknownOutcome.Park => Parked,
        // As after a crash: the next claim finds it in data, and re-sends it once.
        SmtpOutcome.Unknown => new("data", new(Verdict.Send, Reason.OutcomeUnknown), null, _options.Value.UnknownPause),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.GetType().Name, "no end of an email"),
    };

    /// <summary>While the database is away the mail server's answer is kept, for as long as the email is ours.</summary>
    private async Task WriteAsync(Ended end)
    {
        for (var began = _clock.GetTimestamp(); ;)
            try
            {
                await _ends.AskAsync(end);
                return;
            }
            catch (Exception e) when (DatabaseFault.Passes(e) && _clock.GetElapsedTime(began) < _options.Value.Lease)
            {
                await Task.Delay(Pause, _clock);
            }
    }

    private async Task<IReadOnlyList<bool>> WriteAsync(IReadOnlyList<Ended> ended)
    {
        using var scope = Transactions.Begin();
        await using var connection = await _database.OpenConnectionAsync();
        var (now, known) = await EmailAttemptStore.FinishAsync(
            connection, [.. ended.Select(e => new EmailEnd(e.Email, e.Ending.State, e.Ending.Answer, e.Ending.RetryIn, e.Ending.BurnsAttempt))], CancellationToken.None);
        var ours = ended.Where(e => known.Contains((e.Email.Id, e.Email.Fence))).ToArray();
        await using (var batch = new NpgsqlBatch(connection))
        {
            foreach (var consequence in Consequences(ours, now)) batch.BatchCommands.Add(consequence);
            if (ours.Length > 0) await batch.ExecuteNonQueryAsync();
        }
        await _alarms.SetAsync(connection, [.. ours.Select(e => now + e.Ending.RetryIn).OfType<DateTimeOffset>()], now, CancellationToken.None);
        scope.Complete();
        scope.Dispose();
        foreach (var end in ours)
            if (end is { Ending.Ruling.Verdict: Verdict.Told, Content: { } content }) _metrics.Notified(Channel.Email, now - content.OldestSentAt);
        _bells.Inbox.RingAfter(InNoHurry, _clock);
        return [.. ended.Select(ours.Contains)];
    }

    private static IEnumerable<NpgsqlBatchCommand> Consequences(IReadOnlyCollection<Ended> ended, DateTimeOffset now)
    {
        foreach (var (email, _, _, ending) in ended)
            if (ending.Parks) yield return EmailTrace.UnderWay(email, ending.Ruling);
            else if (ending.RetryIn is { } pause) yield return EmailTrace.UnderWay(email, ending.Ruling with { Until = now + pause });
        foreach (var (email, _, content, ending) in ended)
            if (ending.Suppress && content?.Digest is { } refused) yield return EmailTrace.Suppress(email.Recipient.Site, refused.Recipient.Address, ending.Answer ?? "");

        RelayEvent[] events = [.. ended.Where(e => e.Ending is { Parks: false, RetryIn: null }).SelectMany(e => e.Email.Conversations.Select(c => Finished(e.Email, e.Says, e.Content, c, e.Ending.Ruling, now)))];
        if (events.Length > 0) yield return InboxStore.Post(events);
        TraceRow[] seen = [.. ended.SelectMany(e => SeenMeanwhile(e.Email, e.Says, now))];
        if (seen.Length > 0) yield return TraceStore.Write(seen);
        DeadLetter[] letters = [.. ended.Where(e => e.Ending.DeadLetter).Select(e => Letter(e.Email, e.Ending))];
        if (letters.Length > 0) yield return DeadLetterStore.Keep(letters);
    }

    /// <summary>What the mail told of has its end; what the gate kept back is open again, and the gate says the rest.</summary>
    private static RelayEvent.EmailFinished Finished(ClaimedEmail email, EmailDraft says, EmailContent? content, string conversation, Ruling ruling, DateTimeOffset now)
    {
        var told = says.Goes.Contains(conversation);
        var upTo = content?.UpTo.GetValueOrDefault(conversation, long.MaxValue) ?? long.MaxValue;
        return new(email.Recipient.Site, now, email.Recipient.Recipient, conversation, email.Id, upTo,
            told ? ruling.Verdict : Verdict.Wait, told ? ruling.Reason : Reason.Coalescing, content?.Messages.GetValueOrDefault(conversation)?.ToHashSet());
    }

    /// <summary>An email that was decided and then not sent: the seen event that stopped it found nothing left to decide, so the trace says it here.</summary>
    private static List<TraceRow> SeenMeanwhile(ClaimedEmail email, EmailDraft says, DateTimeOffset now) =>
        [.. email.Conversations.Zip(email.Newest)
            .Where(c => says.Stays.GetValueOrDefault(c.First) is { Reason: Reason.AlreadySeen })
            .Select(c => new TraceRow(now, new(email.Recipient.Site, email.Recipient.Recipient, c.First), c.Second, null, Push: null, says.Stays[c.First]))];

    private static DeadLetter Letter(ClaimedEmail email, Ending ending) => new(
        email.Recipient.Site, "email", null, null, ending.Ruling.Reason.Word(), ending.Answer ?? "no answer",
        JsonSerializer.Serialize(new { email.MessageId, email.Recipient.Recipient, email.Conversations, email.Attempts }));
}

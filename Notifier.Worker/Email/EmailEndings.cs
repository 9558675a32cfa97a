using System.Text.Json;
using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Domain.Email;
using Notifier.Worker.Escalation;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Worker.Email;

/// <summary>Writes how an attempt ended, and tells the shard's owner by an event of our own; both in one transaction, under the fence of the claim.</summary>
internal sealed class EmailEndings(NpgsqlDataSource database, EmailAlarms alarms, Doorbells bells, IOptions<EmailOptions> options, NotifierMetrics metrics)
{
    private sealed record Ending(string State, Ruling Ruling, string? Answer, TimeSpan? RetryIn = null, bool BurnsAttempt = true, bool Suppress = false, bool DeadLetter = false, bool Parks = false);

    private static readonly Ending Parked = new("parked", new(Verdict.Wait, Reason.OutcomeUnknown), null, Parks: true);

    public Task EndAsync(ClaimedEmail email, EmailDraft says, EmailContent content, SmtpOutcome outcome, CancellationToken cancellation) =>
        WriteAsync(email, says, content, Of(email, outcome), cancellation);

    /// <summary>The gate lets nothing of it go: what waits is decided anew, what is seen is over.</summary>
    public Task WithdrawAsync(ClaimedEmail email, EmailDraft says, CancellationToken cancellation) =>
        WriteAsync(email, says, null, new Ending("withdrawn", new Ruling(Verdict.Wait, Reason.Coalescing), null), cancellation);

    /// <summary>Nobody can tell whether it arrived, and it was re-sent already: it counts as told.</summary>
    public Task UnknownAsync(ClaimedEmail email, CancellationToken cancellation) => WriteAsync(
        email, EmailDraft.Nothing with { Goes = email.Conversations }, null, new Ending("unknown", new Ruling(Verdict.Told, Reason.OutcomeUnknown), null), cancellation);

    /// <summary>Nobody can tell whether it arrived, and it is not to be sent twice: an admin says what becomes of it.</summary>
    public Task ParkAsync(ClaimedEmail email, CancellationToken cancellation) =>
        WriteAsync(email, EmailDraft.Nothing with { Goes = email.Conversations }, null, Parked, cancellation);

    /// <summary>The trace says that the person may get this one twice.</summary>
    public async Task NoteResendAsync(ClaimedEmail email, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { EmailTrace.UnderWay(email, new Ruling(Verdict.Send, Reason.OutcomeUnknown)) } };
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private Ending Of(ClaimedEmail email, SmtpOutcome outcome) => outcome switch
    {
        SmtpOutcome.Sent sent => new("sent", new(Verdict.Told, Reason.Accepted), sent.Answer),
        SmtpOutcome.Transient t when EmailRetry.Delay(email.Attempts, email.Age, t, options.Value.RetrySteps) is { } delay => new("retry", new(Verdict.Wait, Reason.Transient), t.Reply?.Text, delay),
        SmtpOutcome.Transient t => new("failed", new(Verdict.Failed, Reason.Transient), t.Reply?.Text, DeadLetter: true),
        SmtpOutcome.TransportDown t when email.Age < EmailRetry.GiveUpAfter => new("retry", new(Verdict.Wait, Reason.Transient), t.Reply?.Text, options.Value.TransportPause, BurnsAttempt: false),
        SmtpOutcome.TransportDown t => new("failed", new(Verdict.Failed, Reason.Transient), t.Reply?.Text, DeadLetter: true),
        SmtpOutcome.Held h when email.Age < EmailRetry.GiveUpAfter => new("retry", new(Verdict.Wait, Reason.Throttled), null, h.For, BurnsAttempt: false),
        SmtpOutcome.Held => new("failed", new(Verdict.Failed, Reason.Throttled), "held back by Email__RatePerDomain for too long", DeadLetter: true),
        // The gate refuses the address from now on: everything of it is decided anew.
        SmtpOutcome.AddressRejected a => new("failed", new(Verdict.Wait, Reason.AddressSuppressed), a.Reply?.Text ?? a.Fault.ToString(), Suppress: true),
        SmtpOutcome.MessageRejected m => new("failed", new(Verdict.Failed, Reason.Rejected), m.Reply.Text, DeadLetter: true),
        SmtpOutcome.OurFault f => new("failed", new(Verdict.Failed, Reason.Rejected), f.Reply.Text, DeadLetter: true),
        SmtpOutcome.Unknown when options.Value.OnUnknown == UnknownOutcome.Park => Parked,
        // As after a crash: the next claim finds it in data, and re-sends it once.
        SmtpOutcome.Unknown => new("data", new(Verdict.Send, Reason.OutcomeUnknown), null, options.Value.UnknownPause),
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.GetType().Name, "no end of an email"),
    };

    private async Task WriteAsync(ClaimedEmail email, EmailDraft says, EmailContent? content, Ending ending, CancellationToken cancellation)
    {
        using var scope = Transactions.Begin();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        if (await EmailAttemptStore.FinishAsync(connection, email, ending.State, ending.Answer, ending.RetryIn, ending.BurnsAttempt, cancellation) is not { } now) return;

        await using (var batch = new NpgsqlBatch(connection))
        {
            if (ending.Parks) batch.BatchCommands.Add(EmailTrace.UnderWay(email, ending.Ruling));
            else if (ending.RetryIn is { } pause) batch.BatchCommands.Add(EmailTrace.UnderWay(email, ending.Ruling with { Until = now + pause }));
            else batch.BatchCommands.Add(InboxStore.Post([.. email.Conversations.Select(c => Finished(email, says, content, c, ending.Ruling, now))]));
            if (SeenMeanwhile(email, says, now) is { Count: > 0 } cancelled) batch.BatchCommands.Add(TraceStore.Write(cancelled));
            if (ending.Suppress) batch.BatchCommands.Add(EmailTrace.Suppress(email, ending.Answer ?? ""));
            if (ending.DeadLetter) batch.BatchCommands.Add(DeadLetterStore.Keep([Letter(email, ending)]));
            await batch.ExecuteNonQueryAsync(cancellation);
        }
        if (ending.RetryIn is { } wait) await alarms.SetAsync(connection, [now + wait], now, cancellation);
        scope.Complete();
        scope.Dispose();
        if (ending.Ruling is { Verdict: Verdict.Told } && content is not null) metrics.Notified(Channel.Email, now - content.OldestSentAt);
        bells.Inbox.Ring();
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

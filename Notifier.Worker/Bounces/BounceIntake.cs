using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;
using Notifier.Worker.Storage;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Worker.Bounces;

/// <summary>What became of a mail that came to the bounce address. A closed set.</summary>
internal enum BounceMail
{
    /// <summary>It reported something of an email of ours, or asks for no more, and that is written down.</summary>
    Recorded,

    /// <summary>It reports nothing, or nothing of an email of ours.</summary>
    OfNoEmail,

    /// <summary>It is no mail, or none that can be dealt with.</summary>
    Unreadable,
}

/// <summary>
/// Takes one mail, matches what it reports with the email it is about, and writes that down; or unsubscribes, where it is what the mailto of List-Unsubscribe makes. The same mail twice
/// is the same mail once.
/// </summary>
internal sealed partial class BounceIntake(
    BounceStore bounces, UnsubscribeStore people, UnsubscribeToken tokens, ReturnPath returnPath, IOptions<BouncesOptions> options, ILogger<BounceIntake> log)
{
    private static readonly char[] Separators = [' ', '\t', '\r', '\n', '<', '>', ',', '/'];

    public async Task<BounceMail> TakeAsync(byte[] raw, CancellationToken cancellation)
    {
        try
        {
            return await ReadAsync(raw, cancellation);
        }
        catch (Exception e) when (!DatabaseFault.Passes(e) && e is not OperationCanceledException)
        {
            // Anybody can write to this address: what they found a way to trip us with must not be in the way of what follows it.
            LogTripped(log, e.GetType().Name);
            return BounceMail.Unreadable;
        }
    }

    private async Task<BounceMail> ReadAsync(byte[] raw, CancellationToken cancellation)
    {
        IReadOnlyList<BounceReport> reports;
        UnsubscribeClaim? leaves;
        try
        {
            using var stream = new MemoryStream(raw);
            using var mail = await MimeMessage.LoadAsync(stream, cancellation);
            reports = mail.Headers.Count > 0 ? BounceReader.Read(mail) : throw new FormatException("no headers");
            leaves = reports.Count == 0 ? Claim(mail.Subject) : null;
        }
        catch (FormatException)
        {
            return BounceMail.Unreadable;
        }
        if (leaves is not null) await people.SetAsync(new(leaves.Site, leaves.Recipient), unsubscribed: true, cancellation);
        var recorded = leaves is not null;
        foreach (var report in reports)
        {
            if (await MatchAsync(report, cancellation) is not { } about) continue;
            var key = SHA256.HashData([.. raw, .. Encoding.UTF8.GetBytes($"\n{about.Site}\n{about.Address}")]);
            var verdict = await bounces.RecordAsync(key, about, report.Verdict, report.Status, report.Detail, options.Value.ScoreLimit, options.Value.ScoreWindow, cancellation);
            LogRecorded(log, report.Status, verdict);
            recorded = true;
        }
        return recorded ? BounceMail.Recorded : BounceMail.OfNoEmail;
    }

    /// <summary>
    /// By our signature in a return path. Where emails have none of their own, by the Message-ID, which anybody may guess, and only for the address that it went to. Where they have, a
    /// bounce comes to it, or is made up; a complaint may come elsewhere, and brings back the email with what only the person has: the way out.
    /// </summary>
    private async Task<MailedTo?> MatchAsync(BounceReport report, CancellationToken cancellation)
    {
        foreach (var address in report.SentTo)
            if (returnPath.TryRead(address, out var attempt, out var tag))
                return await bounces.FindAsync(attempt, cancellation) is { } mailed && returnPath.IsOf(tag, mailed.Address) ? mailed : null;
        if (report.MessageId is not { } id || await bounces.FindAsync(id, cancellation) is not { } found) return null;
        var isTheirs = returnPath.IsOfEach
            ? Claim(report.Unsubscribe) is { } claim && (claim.Site, claim.Recipient) == (found.Site, found.Recipient)
            : report.Addresses.Contains(found.Address, StringComparer.OrdinalIgnoreCase);
        return isTheirs ? found : null;
    }

    /// <summary>Whose token of a link of ours is in this text: a subject, or a header with links.</summary>
    private UnsubscribeClaim? Claim(string? text)
    {
        foreach (var word in (text ?? "").Split(Separators, StringSplitOptions.RemoveEmptyEntries))
            if (tokens.TryRead(word, out var claim)) return claim;
        return null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A report of {Status} about an email: {Verdict}")]
    private static partial void LogRecorded(ILogger log, string status, BounceVerdict verdict);

    [LoggerMessage(Level = LogLevel.Error, Message = "A mail to the bounce address could not be dealt with ({Cause}); it is put aside as unreadable")]
    private static partial void LogTripped(ILogger log, string cause);
}

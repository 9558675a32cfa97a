using System.Diagnostics;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain;
using Notifier.Domain.Email;
using Notifier.Worker.Operations;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Notifier.Worker.Unsubscribe;

namespace Notifier.Worker.Email;

/// <summary>What the end of one email says of the next.</summary>
internal enum SendEnd
{
    /// <summary>Nothing.</summary>
    Over,

    /// <summary>The mail server of all that have none of their own cannot be used now.</summary>
    OurServerDown,

    /// <summary>Nothing can be written down.</summary>
    DatabaseAway,
}

/// <summary>
/// Sends one email that was claimed: gate, compose, dialogue with the server, last look after RCPT, end. A crash before DATA is committed leaves
/// an email that is sent by the next worker; after it an unknown outcome, and one re-send under the same Message-ID.
/// </summary>
internal sealed partial class EmailSender(
    SiteDirectory sites, MailServers servers, EmailLooks looks, EmailLeases leases, EmailComposer composer, ReturnPath returnPath, EmailEndings endings, UnsubscribeLinks unsubscribe,
    IOptions<EmailOptions> email, NotifierMetrics metrics, ILogger<EmailSender> log)
{
    // What it tells of changes between composing and the last look only if it is seen, edited or deleted in that moment.
    private const int Drafts = 5;

    /// <param name="claimed">The email.</param>
    /// <param name="place">Its turn: it is composed before that has come, and sent then. Left here.</param>
    /// <param name="cancellation">Stops it where it has not come to DATA.</param>
    public async Task<SendEnd> SendAsync(ClaimedEmail claimed, MailLanes.Place place, CancellationToken cancellation)
    {
        using var leaving = place;
        leases.Hold(claimed);
        try
        {
            return await CarryThroughAsync(claimed, place, cancellation);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogDatabase(log, claimed.Id, DatabaseFault.Word(e)); // the lease runs out, and the email is claimed anew
            return SendEnd.DatabaseAway;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogBroken(log, claimed.Id, e); // likewise; the others go on
            return SendEnd.Over;
        }
        finally
        {
            leases.LetGo(claimed);
        }
    }

    private async Task<SendEnd> CarryThroughAsync(ClaimedEmail claimed, MailLanes.Place place, CancellationToken cancellation)
    {
        if (claimed.WasInData && email.Value.OnUnknown == UnknownOutcome.Park)
        {
            await endings.ParkAsync(claimed);
            return SendEnd.Over;
        }
        if (claimed is { WasInData: true, Resent: true })
        {
            // Twice nobody could tell: a third mail is more likely a nuisance than the first to arrive.
            await endings.UnknownAsync(claimed);
            return SendEnd.Over;
        }
        if (claimed.WasInData) await endings.NoteResendAsync(claimed, cancellation);

        for (var draft = 0; draft < Drafts; draft++)
        {
            var (says, content) = await looks.FirstAsync(claimed);
            if (claimed.MayBeKept && says.Waits is { } wait)
            {
                await endings.HoldAsync(claimed, says, wait);
                return SendEnd.Over;
            }
            if (content?.Digest is null)
            {
                await endings.WithdrawAsync(claimed, says);
                return SendEnd.Over;
            }
            if (!EmailEnvelope.TryReadRecipient(content.Digest.Recipient, out var to))
            {
                await endings.EndAsync(claimed, says, content, new SmtpOutcome.AddressRejected(AddressFault.Malformed, null));
                return SendEnd.Over;
            }

            var overtaken = false;
            if (await ComposeAsync(claimed, says, content.Digest, to) is not { } message) return SendEnd.Over;
            using var span = Tracing.Start("notifier.email", ActivityKind.Client, content.Traces is [var first, ..] ? first : null, others: content.Traces.Skip(1));
            await place.Entered.WaitAsync(cancellation);
            using var server = servers.Take(claimed.Recipient.Site);
            var outcome = await server.Transport.SendAsync(message, returnPath.For(claimed.Id, to.Address, sites.Of(claimed.Recipient.Site).Email.Sender), to, () => LastLook(claimed, says, content, out overtaken), cancellation);
            span?.SetTag("notifier.site", claimed.Recipient.Site).SetTag("notifier.outcome", outcome.GetType().Name);
            metrics.Emailed(outcome.GetType().Name.ToLowerInvariant());
            if (overtaken) return SendEnd.Over;
            if (outcome is SmtpOutcome.Cancelled) continue; // part of it was seen just now, or is gone, or reads differently: as it is now
            place.Dispose();
            await endings.EndAsync(claimed, says, content, outcome);
            LogEnded(log, claimed.Id, outcome.GetType().Name);
            // One site's server says nothing of the others'.
            return outcome is SmtpOutcome.TransportDown && !server.IsOfSite ? SendEnd.OurServerDown : SendEnd.Over;
        }
        if (claimed.MayBeKept) await endings.HoldAsync(claimed, EmailDraft.Nothing, new Ruling(Verdict.Wait, Reason.Coalescing));
        else await endings.WithdrawAsync(claimed, EmailDraft.Nothing);
        return SendEnd.Over;
    }

    /// <returns>Null: it cannot be composed, and has its end.</returns>
    private async Task<MimeMessage?> ComposeAsync(ClaimedEmail claimed, EmailDraft says, EmailDigest digest, MailboxAddress to)
    {
        try
        {
            return composer.Compose(digest, Envelope(claimed, to));
        }
        catch (Exception e)
        {
            LogBroken(log, claimed.Id, e);
            await endings.UncomposedAsync(claimed, says, e.GetType().Name);
            return null;
        }
    }

    /// <summary>After RCPT, before DATA: MailKit asks from inside its dialogue, and cannot wait for a task. At most one thread per connection blocks here.</summary>
    private bool LastLook(ClaimedEmail claimed, EmailDraft composed, EmailContent content, out bool overtaken)
    {
        var start = looks.LastAsync(claimed, composed, content).GetAwaiter().GetResult(); // the thread pool knows of this wait, and has another thread work meanwhile
        overtaken = start == DataStart.Overtaken;
        return start == DataStart.Begun;
    }

    private EmailEnvelope Envelope(ClaimedEmail claimed, MailboxAddress to)
    {
        var site = sites.Of(claimed.Recipient.Site);
        var sender = site.Email.Sender;
        var root = claimed.Conversations is [var conversation] ? EmailIdentity.ThreadRoot(claimed.Recipient.Site, conversation, sender.Domain) : null;
        var ways = unsubscribe.For(new UnsubscribeClaim(claimed.Recipient.Site, claimed.Recipient.Recipient, claimed.Conversations is [var only] ? only : null), site.Links, site.Email);
        return new EmailEnvelope(claimed.MessageId, root, InReplyTo: null, sender, to, ways, claimed.CreatedAt);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Email {Email} ended: {Outcome}")]
    private static partial void LogEnded(ILogger log, Guid email, string outcome);

    [LoggerMessage(Level = LogLevel.Error, Message = "Email {Email} cannot be sent")]
    private static partial void LogBroken(ILogger log, Guid email, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Email {Email} is left to its lease: the database did not answer ({Cause})")]
    private static partial void LogDatabase(ILogger log, Guid email, string cause);
}

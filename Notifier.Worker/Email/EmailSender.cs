using System.Diagnostics;
using System.Transactions;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain;
using Notifier.Domain.Email;
using Notifier.Worker.Operations;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Notifier.Worker.Unsubscribe;
using Npgsql;

namespace Notifier.Worker.Email;

/// <summary>
/// Sends one email that was claimed: gate, compose, dialogue with the server, last look after RCPT, end. A crash before DATA is committed leaves
/// an email that is sent by the next worker; after it an unknown outcome, and one re-send under the same Message-ID.
/// </summary>
internal sealed partial class EmailSender(
    NpgsqlDataSource database, SiteDirectory sites, MailServers servers, EmailComposer composer, ReturnPath returnPath, EmailEndings endings, UnsubscribeLinks unsubscribe, IOptions<EmailOptions> email,
    NotifierMetrics metrics, TimeProvider clock, ILogger<EmailSender> log)
{
    // What it tells of changes between composing and the last look only if it is seen in that moment.
    private const int Drafts = 5;

    private static readonly IReadOnlyDictionary<string, long> Everything = new Dictionary<string, long>();

    /// <param name="claimed">The email.</param>
    /// <param name="place">Its turn: it is composed before that has come, and sent then. Left here.</param>
    /// <param name="cancellation">Stops it where it has not come to DATA.</param>
    /// <returns>False: the mail server cannot be used now.</returns>
    public async Task<bool> SendAsync(ClaimedEmail claimed, MailLanes.Place place, CancellationToken cancellation)
    {
        using var leaving = place;
        using var renewal = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var renewing = RenewAsync(claimed, renewal.Token);
        try
        {
            return await CarryThroughAsync(claimed, place, cancellation);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogDatabase(log, claimed.Id, DatabaseFault.Word(e)); // the lease runs out, and the email is claimed anew
            return false;
        }
        finally
        {
            await renewal.CancelAsync();
            await renewing;
        }
    }

    private async Task<bool> CarryThroughAsync(ClaimedEmail claimed, MailLanes.Place place, CancellationToken cancellation)
    {
        if (claimed.WasInData && email.Value.OnUnknown == UnknownOutcome.Park)
        {
            await endings.ParkAsync(claimed, cancellation);
            return true;
        }
        if (claimed is { WasInData: true, Resent: true })
        {
            // Twice nobody could tell: a third mail is more likely a nuisance than the first to arrive.
            await endings.UnknownAsync(claimed, cancellation);
            return true;
        }
        if (claimed.WasInData) await endings.NoteResendAsync(claimed, cancellation);

        for (var draft = 0; draft < Drafts; draft++)
        {
            var (says, content) = await ComposeAsync(claimed, cancellation);
            if (content?.Digest is null)
            {
                await endings.WithdrawAsync(claimed, says, cancellation);
                return true;
            }
            if (!EmailEnvelope.TryReadRecipient(content.Digest.Recipient, out var to))
            {
                await endings.EndAsync(claimed, says, content, new SmtpOutcome.AddressRejected(AddressFault.Malformed, null), cancellation);
                return true;
            }

            var overtaken = false;
            var message = composer.Compose(content.Digest, Envelope(claimed, says, to));
            using var span = Tracing.Start("notifier.email", ActivityKind.Client, content.Traces is [var first, ..] ? first : null, others: content.Traces.Skip(1));
            await place.Entered.WaitAsync(cancellation);
            using var server = servers.Take(claimed.Recipient.Site);
            var outcome = await server.Transport.SendAsync(message, returnPath.For(claimed.Id, to.Address, sites.Of(claimed.Recipient.Site).Email.Sender), to, () => LastLook(claimed, says, content, out overtaken), cancellation);
            span?.SetTag("notifier.site", claimed.Recipient.Site).SetTag("notifier.outcome", outcome.GetType().Name);
            metrics.Emailed(outcome.GetType().Name.ToLowerInvariant());
            if (overtaken) return true;
            if (outcome is SmtpOutcome.Cancelled) continue; // part of it was seen just now: without that part
            place.Dispose();
            await endings.EndAsync(claimed, says, content, outcome, cancellation);
            LogEnded(log, claimed.Id, outcome.GetType().Name);
            // One site's server says nothing of the others'.
            return outcome is not SmtpOutcome.TransportDown || server.IsOfSite;
        }
        await endings.WithdrawAsync(claimed, EmailDraft.Nothing, cancellation);
        return true;
    }

    private async Task<(EmailDraft Says, EmailContent? Content)> ComposeAsync(ClaimedEmail claimed, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        var says = await DraftAsync(connection, claimed, Everything, cancellation);
        if (says.Goes.Count == 0) return (says, null);
        return (says, await EmailContentStore.ReadAsync(connection, claimed.Recipient, [.. says.Goes], sites.Of(claimed.Recipient.Site).Policy.MessagesShown, cancellation));
    }

    private async Task<EmailDraft> DraftAsync(NpgsqlConnection connection, ClaimedEmail claimed, IReadOnlyDictionary<string, long> upTo, CancellationToken cancellation)
    {
        var query = new LadderQuery();
        foreach (var conversation in claimed.Conversations) query.Add(new(claimed.Recipient.Site, claimed.Recipient.Recipient, conversation));
        return EmailDraft.Of(claimed, await StateStore.LoadAsync(connection, query, cancellation), upTo, sites.Of(claimed.Recipient.Site).Policy);
    }

    /// <summary>After RCPT, before DATA: MailKit asks from inside its dialogue, and cannot wait for a task. At most one thread per connection blocks here, for two round trips.</summary>
    private bool LastLook(ClaimedEmail claimed, EmailDraft composed, EmailContent content, out bool overtaken)
    {
        (var goes, overtaken) = LastLookAsync(claimed, composed, content).GetAwaiter().GetResult();
        return goes && !overtaken;
    }

    private async Task<(bool Goes, bool Overtaken)> LastLookAsync(ClaimedEmail claimed, EmailDraft composed, EmailContent content)
    {
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        var says = await DraftAsync(connection, claimed, content.UpTo, CancellationToken.None);
        if (content.UpTo.Keys.Except(says.Goes).Any()) return (false, false);
        // Of several messages in a conversation some may be seen by now: what was composed must tell of none of them.
        var start = await EmailAttemptStore.BeginDataAsync(connection, claimed, composed.Seen, email.Value.Lease, CancellationToken.None);
        return (start != DataStart.SeenMeanwhile, start == DataStart.Overtaken);
    }

    private EmailEnvelope Envelope(ClaimedEmail claimed, EmailDraft says, MailboxAddress to)
    {
        var site = sites.Of(claimed.Recipient.Site);
        var sender = site.Email.Sender;
        var root = claimed.Conversations is [var conversation] ? EmailIdentity.ThreadRoot(claimed.Recipient.Site, conversation, sender.Domain) : null;
        var ways = unsubscribe.For(new UnsubscribeClaim(claimed.Recipient.Site, claimed.Recipient.Recipient, claimed.Conversations is [var only] ? only : null), site.Links, site.Email);
        return new EmailEnvelope(claimed.MessageId, root, InReplyTo: null, sender, to, ways, says.Now);
    }

    private async Task RenewAsync(ClaimedEmail claimed, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(email.Value.Lease / 3, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation))
                await using (var connection = await database.OpenConnectionAsync(cancellation))
                    await EmailAttemptStore.RenewAsync(connection, claimed, email.Value.Lease, cancellation);
        }
        catch (Exception e) when (e is OperationCanceledException || DatabaseFault.Passes(e))
        {
            // Not renewed: another worker may take it over, and the fence keeps us from saying anything more.
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Email {Email} ended: {Outcome}")]
    private static partial void LogEnded(ILogger log, Guid email, string outcome);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Email {Email} is left to its lease: the database did not answer ({Cause})")]
    private static partial void LogDatabase(ILogger log, Guid email, string cause);
}

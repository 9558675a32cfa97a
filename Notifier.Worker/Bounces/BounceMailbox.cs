using MailKit;
using MailKit.Net.Imap;
using MailKit.Search;
using Notifier.Worker.Email;

namespace Notifier.Worker.Bounces;

/// <summary>Reads the mails of an IMAP mailbox that are not \Seen, and marks each when what it says is committed.</summary>
internal sealed class BounceMailbox(BounceIntake intake)
{
    private static readonly TimeSpan AnswersWithin = TimeSpan.FromMinutes(1);

    public async Task ReadAsync(BounceMailboxOptions options, CancellationToken cancellation)
    {
        using var client = new ImapClient { Timeout = (int)AnswersWithin.TotalMilliseconds };
        ServerTrust.Apply(client, options.CaFile);
        await client.ConnectAsync(options.Host!, options.EffectivePort, options.SocketOptions, cancellation);
        await client.AuthenticateAsync(options.User!, options.Password!, cancellation);
        var mailbox = await client.GetFolderAsync(options.Mailbox, cancellation);
        await mailbox.OpenAsync(FolderAccess.ReadWrite, cancellation);
        var sizes = await mailbox.FetchAsync(await mailbox.SearchAsync(SearchQuery.NotSeen.And(SearchQuery.NotDeleted), cancellation), MessageSummaryItems.UniqueId | MessageSummaryItems.Size, cancellation);
        foreach (var mail in sizes) await TakeAsync(mailbox, mail, cancellation);
        await client.DisconnectAsync(quit: true, cancellation);
    }

    private async Task TakeAsync(IMailFolder mailbox, IMessageSummary mail, CancellationToken cancellation)
    {
        try
        {
            var outcome = mail.Size > BounceFolder.MostBytes ? BounceMail.Unreadable : await intake.TakeAsync(await BytesAsync(mailbox, mail.UniqueId, cancellation), cancellation);
            await mailbox.AddFlagsAsync(mail.UniqueId, outcome == BounceMail.Unreadable ? MessageFlags.Seen | MessageFlags.Flagged : MessageFlags.Seen, silent: true, cancellation);
        }
        catch (MessageNotFoundException)
        {
            // Another client has removed it since it was listed: there is nothing left to read.
        }
    }

    private static async Task<byte[]> BytesAsync(IMailFolder mailbox, UniqueId mail, CancellationToken cancellation)
    {
        await using var stream = await mailbox.GetStreamAsync(mail, cancellation);
        using var bytes = new MemoryStream();
        await stream.CopyToAsync(bytes, cancellation);
        return bytes.ToArray();
    }
}

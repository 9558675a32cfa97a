using System.Runtime.ExceptionServices;
using MailKit.Net.Smtp;
using MimeKit;

namespace Notifier.Worker.Email;

/// <summary>
/// MailKit's client with a last look between RCPT and DATA. An <see cref="SmtpCommandException"/> thrown there makes MailKit send RSET
/// and keep the connection; any other exception would cost the connection.
/// </summary>
internal sealed class LastLookClient(SmtpPhaseProbe probe, bool chunking) : SmtpClient(probe)
{
    private Func<bool>? _lastLook;
    private ExceptionDispatchInfo? _fault;

    /// <summary>The server took MAIL: this connection was alive when the mail began.</summary>
    public bool SenderAccepted { get; private set; }

    /// <summary>The last look said yes: from here on the mail is finished, not cancelled.</summary>
    public bool Committed { get; private set; }

    /// <summary>What the last look threw is on its way to the caller.</summary>
    public bool LastLookFailed => _fault is not null;

    /// <exception cref="Declined">The last look said no; RSET was sent.</exception>
    public async Task<string> SendAsync(
        FormatOptions format, MimeMessage message, MailboxAddress from, MailboxAddress to, Func<bool> lastLook, CancellationToken cancellation)
    {
        (_lastLook, _fault, SenderAccepted, Committed) = (lastLook, null, false, false);
        try
        {
            return await SendAsync(format, message, from, [to], cancellation);
        }
        catch (Declined)
        {
            _fault?.Throw();
            throw;
        }
    }

    /// <summary>BDAT in place of DATA, where the server offers CHUNKING: the content goes without waiting for a 354.</summary>
    protected override bool PreferSendAsBinaryData => chunking;

    protected override void OnSenderAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response) => SenderAccepted = true;

    protected override void OnRecipientAccepted(MimeMessage message, MailboxAddress mailbox, SmtpResponse response)
    {
        // With PIPELINING the answer to RCPT is read even where MAIL was refused; the mail has failed already then.
        if (!SenderAccepted)
            return;
        try
        {
            Committed = _lastLook!();
        }
        catch (Exception fault)
        {
            _fault = ExceptionDispatchInfo.Capture(fault);
        }

        if (!Committed)
            throw new Declined();
        if (chunking && Capabilities.HasFlag(SmtpCapabilities.Chunking))
            probe.BeginBdat();
    }

    /// <summary>Not an answer of the server: the code is only there because MailKit asks for one.</summary>
    internal sealed class Declined()
        : SmtpCommandException(SmtpErrorCode.RecipientNotAccepted, SmtpStatusCode.TransactionFailed, "The last look said no.");
}

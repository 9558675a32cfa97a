using MailKit;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>
/// Listens in on the dialogue to know how far it came. It looks at the first bytes of a command and for the final dot, keeps no byte
/// and writes none anywhere: content and credentials pass through here.
/// </summary>
/// <remarks>
/// It would not see the end of a message sent with BDAT (RFC 3030); <c>PreferSendAsBinaryData</c> must stay off.
/// MailKit reports bytes after they were written. So a write that failed left the dot with us, save when it was abandoned half way:
/// <see cref="InContent"/> tells those.
/// </remarks>
internal sealed class SmtpPhaseProbe : IProtocolLogger
{
    private int _matched;

    /// <summary>The last step that was begun.</summary>
    public SmtpPhase Phase { get; private set; }

    /// <summary>The server said 354: what is written now is the message.</summary>
    public bool InContent { get; private set; }

    /// <summary>Called whenever bytes went one way or the other.</summary>
    public Action? Moved { get; set; }

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    private static ReadOnlySpan<byte> FinalDot => "\r\n.\r\n"u8;

    /// <summary>A new mail begins; what was seen of the last one no longer counts.</summary>
    public void BeginMail() => (Phase, InContent, _matched) = (SmtpPhase.Mail, false, 0);

    public void LogConnect(Uri uri)
    {
    }

    public void LogClient(byte[] buffer, int offset, int count)
    {
        var written = buffer.AsSpan(offset, count);
        if (InContent)
            LookForFinalDot(written);
        else
            Phase = written switch
            {
                _ when written.StartsWith("STARTTLS"u8) => SmtpPhase.Tls,
                _ when written.StartsWith("AUTH "u8) => SmtpPhase.Authenticate,
                _ when written.StartsWith("MAIL "u8) => SmtpPhase.Mail,
                _ when written.StartsWith("RCPT "u8) => SmtpPhase.Recipient,
                _ when written.SequenceEqual("DATA\r\n"u8) => SmtpPhase.Data,
                _ => Phase,
            };
        Moved?.Invoke();
    }

    public void LogServer(byte[] buffer, int offset, int count)
    {
        // 354 is the only answer to DATA that begins with 3.
        if (Phase == SmtpPhase.Data && buffer[offset] == (byte)'3')
            InContent = true;
        Moved?.Invoke();
    }

    public void Dispose()
    {
    }

    // Content is dot-stuffed (RFC 5321 section 4.5.2), so this sequence occurs once, though perhaps across two writes.
    private void LookForFinalDot(ReadOnlySpan<byte> written)
    {
        foreach (var octet in written)
        {
            _matched = octet == FinalDot[_matched] ? _matched + 1 : octet == FinalDot[0] ? 1 : 0;
            if (_matched < FinalDot.Length)
                continue;
            (Phase, InContent, _matched) = (SmtpPhase.FinalDot, false, 0);
            return;
        }
    }
}

using System.Buffers.Text;
using MailKit;
using Notifier.Domain.Email;

namespace Notifier.Worker.Email;

/// <summary>
/// Listens in on the dialogue to know how far it came. It looks at the first bytes of a command, and for the end of the content: the final dot, or the last byte
/// of what BDAT (RFC 3030) announced. It keeps no byte and writes none anywhere: content and credentials pass through here.
/// </summary>
/// <remarks>
/// MailKit reports bytes after they were written. So a write that failed left the end of the content with us, save when it was abandoned half way:
/// <see cref="InContent"/> tells those.
/// </remarks>
internal sealed class SmtpPhaseProbe : IProtocolLogger
{
    private int _matched;
    private long _announced;

    /// <summary>The last step that was begun.</summary>
    public SmtpPhase Phase { get; private set; }

    /// <summary>The server said 354, or BDAT has announced it: what is written now is the message.</summary>
    public bool InContent { get; private set; }

    /// <summary>Called whenever bytes went one way or the other.</summary>
    public Action? Moved { get; set; }

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    private static ReadOnlySpan<byte> FinalDot => "\r\n.\r\n"u8;

    /// <summary>A new mail begins; what was seen of the last one no longer counts.</summary>
    public void BeginMail() => (Phase, InContent, _matched, _announced) = (SmtpPhase.Mail, false, 0, 0);

    /// <summary>The last look said yes: what is written next is BDAT, in one write with the content's first block.</summary>
    /// <remarks>MailKit reports that write only once it was made, or never: one that is abandoned may have carried a short message whole.</remarks>
    public void BeginBdat() => (Phase, InContent) = (SmtpPhase.Data, true);

    public void LogConnect(Uri uri)
    {
    }

    public void LogClient(byte[] buffer, int offset, int count)
    {
        var written = buffer.AsSpan(offset, count);
        if (written.StartsWith("BDAT "u8) && _announced == 0)
            BeginChunk(written);
        else if (_announced > 0)
            CountDown(written.Length);
        else if (InContent)
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

    private void BeginChunk(ReadOnlySpan<byte> written)
    {
        if (!Utf8Parser.TryParse(written[5..], out long size, out _) || written.IndexOf((byte)'\n') is not (> 0 and var end)) return;
        (Phase, InContent, _announced) = (SmtpPhase.Data, true, size);
        CountDown(written.Length - end - 1);
    }

    private void CountDown(int octets)
    {
        _announced -= octets;
        if (_announced <= 0) (Phase, InContent, _announced) = (SmtpPhase.FinalDot, false, 0);
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

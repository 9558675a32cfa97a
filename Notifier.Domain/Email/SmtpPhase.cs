namespace Notifier.Domain.Email;

/// <summary>How far an SMTP session had come: the step whose answer was awaited (RFC 5321 section 3.3).</summary>
public enum SmtpPhase
{
    /// <summary>Name lookup, TCP, the 220 greeting, EHLO.</summary>
    Connect,

    /// <summary>The TLS handshake, at once or after STARTTLS (RFC 3207).</summary>
    Tls,

    /// <summary>AUTH (RFC 4954).</summary>
    Authenticate,

    /// <summary>MAIL FROM: the envelope's sender.</summary>
    Mail,

    /// <summary>RCPT TO: the envelope's recipient.</summary>
    Recipient,

    /// <summary>DATA and the content, up to but without the final dot: the server cannot have accepted the message yet.</summary>
    Data,

    /// <summary>The final dot is out: the server may have accepted the message, whatever we hear of it.</summary>
    FinalDot,
}

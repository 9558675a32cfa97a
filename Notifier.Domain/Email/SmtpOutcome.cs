namespace Notifier.Domain.Email;

/// <summary>How an attempt to hand one email to a server ended. A closed set: these and no others.</summary>
public abstract record SmtpOutcome
{
    private SmtpOutcome()
    {
    }

    /// <summary>The server took the message (250 after the final dot).</summary>
    /// <param name="Answer">Its words; most name their queue id, by which their operator finds the mail.</param>
    public sealed record Sent(string Answer) : SmtpOutcome;

    /// <summary>The last look, after RCPT and before DATA, said no. RSET was sent; nothing of the message was.</summary>
    public sealed record Cancelled : SmtpOutcome;

    /// <summary>Refused for now (4xx), or the link died while the content was under way: try again by <see cref="EmailRetry"/>.</summary>
    /// <param name="Phase">Where.</param>
    /// <param name="Reply">The refusal, or null where the link died instead.</param>
    public sealed record Transient(SmtpPhase Phase, SmtpReply? Reply) : SmtpOutcome
    {
        /// <summary>A disk or mailbox is full (452, or X.2.2 of RFC 3463): minutes do not help.</summary>
        public bool WaitsLong => Reply is { Status: 452 } or { Enhanced: { Subject: 2, Detail: 2 } };
    }

    /// <summary>Mail to this address cannot work: suppress it with this reason.</summary>
    /// <param name="Fault">What is wrong with it.</param>
    /// <param name="Reply">The server's refusal of RCPT, or null where no server had to be asked.</param>
    public sealed record AddressRejected(AddressFault Fault, SmtpReply? Reply) : SmtpOutcome;

    /// <summary>The server refuses this message for good: a dead letter. The address stays good.</summary>
    public sealed record MessageRejected(SmtpPhase Phase, SmtpReply Reply) : SmtpOutcome;

    /// <summary>The server refuses us (policy 5.7.x, our sender, our protocol): a dead letter, and <c>ourfault</c> in the metrics, for an alarm (docs/operations.md); never suppresses an address.</summary>
    public sealed record OurFault(SmtpPhase Phase, SmtpReply Reply) : SmtpOutcome;

    /// <summary>
    /// The server cannot be used at present: no connection, TLS or authentication fault, 421 or a dead link before DATA. It says nothing
    /// about the message and burns none of its attempts.
    /// </summary>
    /// <param name="Phase">Where.</param>
    /// <param name="Reply">The refusal, or null where there was none.</param>
    public sealed record TransportDown(SmtpPhase Phase, SmtpReply? Reply) : SmtpOutcome;

    /// <summary>No server was asked: the receiving domain has had as many mails as it is to get for now. Burns no attempt.</summary>
    /// <param name="For">Until it is asked again.</param>
    public sealed record Held(TimeSpan For) : SmtpOutcome;

    /// <summary>
    /// The link died between the final dot and its answer: kept or not, nobody here can know (RFC 5321 section 4.5.3.2.6, RFC 1047).
    /// One re-send with the same Message-ID, recorded as <c>outcome_unknown</c>.
    /// </summary>
    public sealed record Unknown : SmtpOutcome;
}

/// <summary>Why an address cannot receive mail. A closed set.</summary>
public enum AddressFault
{
    /// <summary>The server refused it for good at RCPT.</summary>
    Refused,

    /// <summary>Its local part is not ASCII and the server does not speak SMTPUTF8 (RFC 6531 section 3.2).</summary>
    NeedsSmtpUtf8,

    /// <summary>It is no RFC 5321 Mailbox.</summary>
    Malformed,
}

using System.Text.RegularExpressions;

namespace Notifier.Domain.Email;

/// <summary>What an answer, or the lack of one, means at each phase. In doubt an address is not suppressed and a message is not sent twice.</summary>
public static partial class SmtpClassifier
{
    /// <summary>The server answered, and not with what the phase needs.</summary>
    public static SmtpOutcome Refusal(SmtpPhase phase, SmtpReply reply) => (phase, reply) switch
    {
        // RFC 4954 section 6: it wants (other, stronger) credentials, whatever was asked of it.
        (_, { Status: 530 or 534 or 535 or 538 }) => new SmtpOutcome.TransportDown(SmtpPhase.Authenticate, reply),
        ( <= SmtpPhase.Authenticate, _) => new SmtpOutcome.TransportDown(phase, reply),
        // RFC 5321 section 3.8: 421 is the server going away, it may answer any command.
        ( < SmtpPhase.Data, { Status: 421 }) => new SmtpOutcome.TransportDown(phase, reply),
        (_, { IsTransient: true }) => new SmtpOutcome.Transient(phase, reply),
        (_, { IsPermanent: true }) => Permanent(phase, reply),
        // Neither a yes nor a no. After the dot that may have been a yes.
        _ => Silence(phase),
    };

    /// <summary>The link died, timed out or spoke something that is not SMTP while the answer of this phase was awaited.</summary>
    public static SmtpOutcome Silence(SmtpPhase phase) => phase switch
    {
        SmtpPhase.FinalDot => new SmtpOutcome.Unknown(),
        // Some filters cut the link at a message they dislike: this counts as an attempt, or it would go on for ever.
        SmtpPhase.Data => new SmtpOutcome.Transient(phase, null),
        _ => new SmtpOutcome.TransportDown(phase, null),
    };

    private static SmtpOutcome Permanent(SmtpPhase phase, SmtpReply reply) => (phase, reply.Enhanced) switch
    {
        // RFC 3463 section 3.8, security or policy: it is about who we are.
        (_, { Subject: 7 }) => new SmtpOutcome.OurFault(phase, reply),
        (SmtpPhase.Data or SmtpPhase.FinalDot, _) => new SmtpOutcome.MessageRejected(phase, reply),
        // Too large, by SIZE (RFC 1870 section 6.1).
        (_, { Subject: 3, Detail: 4 }) => new SmtpOutcome.MessageRejected(phase, reply),
        (SmtpPhase.Mail, _) => reply.Status == 552 ? new SmtpOutcome.MessageRejected(phase, reply) : new SmtpOutcome.OurFault(phase, reply),
        (_, { } code) => AtRecipient(code, reply),
        _ => AtRecipient(reply),
    };

    private static SmtpOutcome AtRecipient(EnhancedStatus code, SmtpReply reply) => code switch
    {
        // X.1.7 and X.1.8 are about the sender's address.
        { Subject: 1, Detail: 7 or 8 } or { Subject: 5 } => new SmtpOutcome.OurFault(SmtpPhase.Recipient, reply),
        { Subject: 1 or 2 } => new SmtpOutcome.AddressRejected(AddressFault.Refused, reply),
        // 5.0.0, 5.3.x (their system), 5.4.x (their routing), 5.6.x: not the address.
        _ => new SmtpOutcome.MessageRejected(SmtpPhase.Recipient, reply),
    };

    // Without an enhanced code there are the bare code and, against a suppression by mistake, the words.
    private static SmtpOutcome AtRecipient(SmtpReply reply) => reply.Status switch
    {
        _ when PolicyWords().IsMatch(reply.Text) => new SmtpOutcome.OurFault(SmtpPhase.Recipient, reply),
        // 556: RFC 7504, the domain takes no mail.
        501 or 550 or 551 or 552 or 553 or 556 => new SmtpOutcome.AddressRejected(AddressFault.Refused, reply),
        500 or 502 or 503 or 504 or 555 => new SmtpOutcome.OurFault(SmtpPhase.Recipient, reply),
        _ => new SmtpOutcome.MessageRejected(SmtpPhase.Recipient, reply),
    };

    [GeneratedRegex("relay|spam|block|blacklist|policy|denied|reputation|authenticat", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PolicyWords();
}

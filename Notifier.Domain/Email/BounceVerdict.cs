namespace Notifier.Domain.Email;

/// <summary>What a report about an email that was handed over means for the address. A closed set.</summary>
public enum BounceVerdict
{
    /// <summary>Nothing: a delay, or a refusal that is about us or about the message.</summary>
    Ignore,

    /// <summary>One of several that together say that nobody reads there any more.</summary>
    Score,

    /// <summary>Mail to this address cannot work.</summary>
    Suppress,

    /// <summary>The person complained: they get no email any more.</summary>
    Unsubscribe,
}

/// <summary>Judges one recipient's part of a delivery status notification.</summary>
public static class BounceRules
{
    /// <param name="action">RFC 3464 section 2.3.3: failed, delayed, delivered, relayed or expanded; any case.</param>
    /// <param name="status">RFC 3464 section 2.3.4, an enhanced status code of RFC 3463.</param>
    public static BounceVerdict Judge(string action, EnhancedStatus status) =>
        !action.Equals("failed", StringComparison.OrdinalIgnoreCase) ? BounceVerdict.Ignore : status switch
        {
            // Security or policy: it is about who we are.
            { Subject: 7 } => BounceVerdict.Ignore,
            // They gave up after passing faults: the mailbox may be back tomorrow.
            { Class: 4 } => BounceVerdict.Score,
            not { Class: 5 } => BounceVerdict.Ignore,
            // X.1.7 and X.1.8 are about the sender's address.
            { Subject: 1, Detail: 7 or 8 } => BounceVerdict.Ignore,
            // No such mailbox, no such domain, moved (X.1.6), takes no mail at all (X.1.10, RFC 7505); or disabled (X.2.1).
            { Subject: 1 } or { Subject: 2, Detail: 1 } => BounceVerdict.Suppress,
            // The message: its size, its form.
            { Subject: 5 or 6 } or { Subject: 2 or 3, Detail: 3 or 4 } => BounceVerdict.Ignore,
            // Mailbox full (X.2.2), their system, their routing, or no more than "5.0.0".
            _ => BounceVerdict.Score,
        };
}

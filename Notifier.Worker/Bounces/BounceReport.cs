using Notifier.Domain.Email;

namespace Notifier.Worker.Bounces;

/// <summary>What a delivery status notification (RFC 3464) or a complaint (RFC 5965) says of one recipient of one of our emails.</summary>
/// <param name="Verdict">What it means for the address.</param>
/// <param name="Status">The enhanced status code, or <c>complaint</c>.</param>
/// <param name="Detail">The reporting side's words, for an operator; cut at 500 characters.</param>
/// <param name="Addresses">Whom it names as the recipient: the address we wrote to, or where that was forwarded to. May be empty.</param>
/// <param name="SentTo">Every address the report itself, or the email it is about, was sent to or returned to: one may be a return path of ours.</param>
/// <param name="Unsubscribe">The ways out that the email offered, as far as it came back.</param>
/// <param name="MessageId">Of the email that it is about, as far as it came back; brackets included.</param>
internal sealed record BounceReport(
    BounceVerdict Verdict, string Status, string Detail, IReadOnlyList<string> Addresses, IReadOnlyList<string> SentTo, string? MessageId, string? Unsubscribe = null);

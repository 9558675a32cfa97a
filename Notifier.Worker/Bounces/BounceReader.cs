using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;

namespace Notifier.Worker.Bounces;

/// <summary>Finds in a mail what it reports. Whatever else comes to a bounce address (an answer "out of office", spam) reports nothing.</summary>
internal static class BounceReader
{
    private const int DetailCharacters = 500;

    // Where mail servers note the envelope's recipient; then what the sender of the report wrote.
    private static readonly string[] RecipientHeaders = ["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To"];

    public static IReadOnlyList<BounceReport> Read(MimeMessage mail) => mail.Body is MultipartReport report
        ? report.ReportType?.ToLowerInvariant() switch
        {
            "delivery-status" => Bounces(mail, report),
            "feedback-report" => Complaint(mail, report),
            _ => [],
        }
        : [];

    private static List<BounceReport> Bounces(MimeMessage mail, MultipartReport report)
    {
        if (report.OfType<MessageDeliveryStatus>().FirstOrDefault() is not { } status) return [];
        var returned = Returned(report);
        // The first group is about the message, each other about one recipient (RFC 3464 section 2.1).
        return [.. status.StatusGroups.Skip(1).Select(group => Bounce(mail, returned, group)).OfType<BounceReport>()];
    }

    private static BounceReport? Bounce(MimeMessage mail, HeaderList? returned, HeaderList group)
    {
        var reply = new SmtpReply(500, Uncommented(group["Status"]) ?? "");
        if (reply.Enhanced is not { } code) return null;
        return new BounceReport(
            BounceRules.Judge(Uncommented(group["Action"]) ?? "", code), $"{code.Class}.{code.Subject}.{code.Detail}", Cut(Typed(group["Diagnostic-Code"]) ?? reply.Text),
            [.. new[] { Typed(group["Original-Recipient"]), Typed(group["Final-Recipient"]) }.OfType<string>()], SentTo(mail, returned), MessageId(returned));
    }

    private static List<BounceReport> Complaint(MimeMessage mail, MultipartReport report)
    {
        if (report.OfType<MessageFeedbackReport>().FirstOrDefault() is not { } feedback) return [];
        // RFC 5965 section 7.3: "not-spam" takes a complaint back; the others are complaints.
        if (string.Equals(feedback.Fields["Feedback-Type"]?.Trim(), "not-spam", StringComparison.OrdinalIgnoreCase)) return [];
        var returned = Returned(report);
        return
        [
            new BounceReport(BounceVerdict.Unsubscribe, "complaint", Cut(feedback.Fields["Feedback-Type"]?.Trim() ?? ""),
                [.. feedback.Fields.Where(f => f.Field.Equals("Original-Rcpt-To", StringComparison.OrdinalIgnoreCase)).SelectMany(f => Addresses(f.Value))],
                [.. SentTo(mail, returned), .. Addresses(feedback.Fields["Original-Mail-From"])], MessageId(returned), returned?[HeaderId.ListUnsubscribe]),
        ];
    }

    /// <summary>The headers of the email that it is about: all of it came back, or its headers alone (RFC 3462 section 2).</summary>
    private static HeaderList? Returned(MultipartReport report) =>
        report.OfType<MessagePart>().FirstOrDefault(p => p is not TextRfc822Headers)?.Message?.Headers ?? report.OfType<TextRfc822Headers>().FirstOrDefault()?.Message?.Headers;

    private static string[] SentTo(MimeMessage mail, HeaderList? returned) =>
        [.. mail.Headers.Where(h => RecipientHeaders.Contains(h.Field, StringComparer.OrdinalIgnoreCase)).SelectMany(h => Addresses(h.Value)), .. Addresses(returned?["Return-Path"])];

    private static IEnumerable<string> Addresses(string? value) =>
        value is not null && InternetAddressList.TryParse(value, out var list) ? list.Mailboxes.Select(m => m.Address) : [];

    /// <summary><c>rfc822; bob@example.org</c> without its type (RFC 3464 section 2.1.2).</summary>
    private static string? Typed(string? value) => value is null ? null : value[(value.IndexOf(';', StringComparison.Ordinal) + 1)..].Trim().Trim('<', '>');

    private static string? Uncommented(string? value) => value?.Split('(')[0].Trim();

    // Of ours there are none with other characters, and PostgreSQL takes no NUL.
    private static string? MessageId(HeaderList? returned) => returned?[HeaderId.MessageId]?.Trim() is { } id && id.All(c => c is > ' ' and <= '~') ? id : null;

    private static string Cut(string text) => UserText.Line(text, DetailCharacters);
}

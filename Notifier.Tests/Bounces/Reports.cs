using System.Text;

namespace Notifier.Tests.Bounces;

/// <summary>Reports as mail servers and mailbox providers write them.</summary>
internal static class Reports
{
    public static byte[] Bounce(string to, string recipient, string status, string action = "failed", string? messageId = null, string? original = null, bool headersOnly = false) => Mail(
        $"""
        Return-Path: <>
        From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
        To: {to}
        Subject: Undelivered Mail Returned to Sender
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
        	boundary="B/mx.example.org"

        --B/mx.example.org
        Content-Type: text/plain; charset=us-ascii

        I'm sorry to have to inform you that your message could not be delivered.

        --B/mx.example.org
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example.org
        Arrival-Date: Tue, 24 Nov 2026 12:00:00 +0000 (UTC)

        Final-Recipient: rfc822; {recipient}{(original is null ? "" : $"\nOriginal-Recipient: rfc822;{original}")}
        Action: {action}
        Status: {status} (a comment)
        Diagnostic-Code: smtp; 550 {status} <{recipient}>: those are the words

        --B/mx.example.org
        Content-Type: {(headersOnly ? "text/rfc822-headers" : "message/rfc822")}

        From: Acme <hello@acme.example>
        To: {recipient}
        Subject: 1 new message
        Message-ID: {messageId ?? "<lost@acme.example>"}
        MIME-Version: 1.0

        {(headersOnly ? "" : "The text of the email.\n")}
        --B/mx.example.org--
        """);

    public static byte[] Complaint(string mailFrom, string recipient, string type = "abuse", string? messageId = null, string? unsubscribe = null) => Mail(
        $"""
        From: <feedback@provider.example>
        To: <feedback@acme.example>
        Subject: FW: 1 new message
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="part"

        --part
        Content-Type: text/plain; charset="US-ASCII"

        This is an email abuse report.

        --part
        Content-Type: message/feedback-report

        Feedback-Type: {type}
        User-Agent: SomeGenerator/1.0
        Version: 1
        Original-Mail-From: <{mailFrom}>
        Original-Rcpt-To: <{recipient}>

        --part
        Content-Type: message/rfc822

        From: Acme <hello@acme.example>
        To: <redacted@provider.example>
        Subject: 1 new message
        Message-ID: {messageId ?? "<lost@acme.example>"}
        List-Unsubscribe: {unsubscribe ?? "<https://n.acme.example/unsubscribe/somebody-s>"}

        The text of the email.

        --part--
        """);

    public static byte[] OutOfOffice(string to) => Mail(
        $"""
        From: bob@example.org
        To: {to}
        Subject: Out of office
        Auto-Submitted: auto-replied

        I am away. 5.1.1 is not what I mean.
        """);

    /// <summary>What a mail client makes of a <c>mailto:</c> URL.</summary>
    public static byte[] MailTo(string url, string from = "bob@example.org")
    {
        var (address, subject) = url["mailto:".Length..].Split("?subject=") is [var a, var s] ? (a, Uri.UnescapeDataString(s)) : throw new ArgumentException(url, nameof(url));
        return Mail(
            $"""
            From: Bob <{from}>
            To: {address}
            Subject: {subject}

            """);
    }

    public static byte[] Mail(string text) => Encoding.UTF8.GetBytes(text.ReplaceLineEndings("\r\n"));
}

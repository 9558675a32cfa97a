using System.Text;
using System.Text.Json;
using CsCheck;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email;
using Xunit;

namespace Notifier.Tests.Email;

/// <summary>Whatever people and sites put into names, titles, subjects and addresses: Python's email package reads exactly the headers that were meant.</summary>
public sealed class ForeignParserTests
{
    private const int Count = 200;

    private static readonly string[] Pieces =
    [
        "\r\nBcc: eve@example.org", "\nX-Injected: 1", "\r\n\r\n<script>", "\r", "\n", "\0", "\u202E", "\u2066", "\u2069", "\u200F", "\u2028", "\u0085", "\uFEFF", "\uD800",
        "\"", "\\", "'", "<", ">", "(", ")", ",", ";", ":", "@", "=?utf-8?q?=0D=0ABcc:_eve?=", "=?utf-8?b?DQpCY2M6IGV2ZQ==?=", "=0D=0A", "é", "日本", "ب", "👩‍👩‍👧", "Ada", " ", "\t",
    ];

    private static readonly Gen<string> Short = Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]).Array[0, 10].Select(string.Concat);

    private static readonly string[] Locales = ["en", "ar", "ja", "fr"];

    // 64 kB of the same.
    private static readonly Gen<string> Long = Gen.Int[0, Pieces.Length - 1].Select(i => string.Concat(Enumerable.Repeat(Pieces[i] + "x", 64 * 1024 / (Pieces[i].Length + 1))));

    private static readonly Gen<string> Hostile = Gen.Frequency((9, Short), (1, Long));

    private static readonly Gen<EmailDigest> Digests =
        from site in Hostile
        from id in Hostile
        from name in Hostile
        from title in Hostile
        from locale in Gen.OneOf(Gen.Int[0, 3].Select(i => Locales[i]), Hostile)
        from zone in Hostile
        from local in Gen.OneOf(Gen.Const("bob"), Hostile)
        from inGroup in Gen.Bool
        from messages in (from sender in Hostile from text in Hostile select (sender, text)).Array[1, 2]
        select new EmailDigest($"Acme{site}", new EmailRecipient($"{local}@example.org", name, locale, zone),
            [new DigestConversation("c", title, "https://acme.example/", messages.Length, [.. messages.Select((m, i) => new DigestMessage(i, m.sender, m.text, Mails.Noon))]) { Group = inGroup }])
        {
            Site = id,
        };

    private static readonly string[] Meant =
    [
        "Auto-Submitted", "Content-Type", "Date", "Feedback-ID", "From", "In-Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Message-Id", "References", "Subject", "To",
    ];

    [Fact]
    public async Task Python_reads_the_headers_that_were_meant_and_no_other()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var composer = Mails.Composer();
        var written = new List<(EmailDigest Digest, MimeMessage Mail)>();
        Digests.Array[Count].Sample(
            digests => written.AddRange(digests.Where(d => EmailEnvelope.TryReadRecipient(d.Recipient, out _) && Ascii.IsValid(d.Recipient.Address)).Select(digest =>
            {
                EmailEnvelope.TryReadRecipient(digest.Recipient, out var to);
                return (digest, composer.Compose(digest, Mails.Envelope with { To = to! }));
            })), iter: 1, threads: 1, seed: "0000KOIPe036");
        var file = Path.GetTempFileName();
        await File.WriteAllLinesAsync(file, written.Select(w => Convert.ToBase64String(Bytes(w.Mail))), cancellation);

        var read = (await Tool.RunAsync(Path.GetTempPath(), "/usr/bin/python3", "-B", Path.Combine(NodeScript.Folder, "Email", "read_mails.py"), file))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<Read>(line, JsonSerializerOptions.Web)!).ToArray();
        File.Delete(file);

        Assert.InRange(written.Count, Count / 4, Count); // the others have no address, or one that needs SMTPUTF8
        Assert.Equal(written.Count, read.Length);
        foreach (var ((digest, mail), seen) in written.Zip(read))
        {
            Assert.Equal(Meant, seen.Fields.Select(f => f[0]).Order(StringComparer.Ordinal));
            // Python finds fault with a name that is an encoded word beside a quoted string, which RFC 2047 section 5 (3) lets stand in one phrase; it reads the address all the same.
            Assert.DoesNotContain(seen.Defects, defect => defect != "From: InvalidHeaderDefect");
            Assert.Equal("hello@acme.example", Assert.Single(seen.From)[1]);
            Assert.Equal(digest.Recipient.Address, Assert.Single(seen.To)[1]);
            Assert.Equal(mail.Subject, seen.Fields.Single(f => f[0] == "Subject")[1]);
            Assert.Equal(["multipart/alternative", "text/plain", "text/html"], seen.Types);
            Assert.All(seen.Fields, field => Assert.DoesNotContain(field[1], c => char.IsControl(c) || c is '\u202E' or '\u2066' or '\u2028'));
            Assert.Contains("/unsubscribe/abc", seen.Text, StringComparison.Ordinal);
            Assert.EndsWith("</html>", seen.Html.TrimEnd(), StringComparison.Ordinal);
        }
    }

    private static byte[] Bytes(MimeMessage mail)
    {
        using var bytes = new MemoryStream();
        mail.WriteTo(bytes, TestContext.Current.CancellationToken);
        // RFC 5322 section 2.1.1: no line is longer.
        Assert.All(Encoding.UTF8.GetString(bytes.ToArray()).Split('\n'), line => Assert.InRange(line.Length, 0, 999));
        return bytes.ToArray();
    }

    private sealed record Read(string[][] Fields, string[] Defects, string[][] From, string[][] To, string[] Types, string Text, string Html);
}

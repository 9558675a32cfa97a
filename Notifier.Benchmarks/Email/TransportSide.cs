using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MimeKit;
using Notifier.Domain.Email;
using Notifier.Worker.Email;

namespace Notifier.Benchmarks.Email;

/// <summary>Our side: the worker's own transport, with a last look that says yes.</summary>
internal static class TransportSide
{
    public static async Task<int> RunAsync(string port, string connections, string text, string html)
    {
        var options = Options.Create(new EmailOptions
        {
            Host = "127.0.0.1",
            Port = int.Parse(port, CultureInfo.InvariantCulture),
            Security = EmailSecurity.None,
            Connections = int.Parse(connections, CultureInfo.InvariantCulture),
            From = "Acme <hello@acme.example>",
        });
        await using var transport = new SmtpTransport(options, TimeProvider.System, NullLogger<SmtpTransport>.Instance);
        var mails = 0;
        while (Console.ReadLine() is { } order)
        {
            using var process = Process.GetCurrentProcess();
            var before = process.TotalProcessorTime;
            await Parallel.ForAsync(0, int.Parse(order, CultureInfo.InvariantCulture), new ParallelOptions { MaxDegreeOfParallelism = 2 * options.Value.Connections }, async (_, cancellation) =>
            {
                var n = Interlocked.Increment(ref mails);
                var to = new MailboxAddress("Bob", $"u{n % 1000}@example.org");
                var outcome = await transport.SendAsync(Mail(n, to, text, html), options.Value.Sender, to, () => true, cancellation);
                if (outcome is not SmtpOutcome.Sent) throw new InvalidOperationException($"the server took no mail: {outcome}");
            });
            process.Refresh();
            Console.WriteLine((process.TotalProcessorTime - before).TotalMicroseconds.ToString(CultureInfo.InvariantCulture));
        }
        return 0;
    }

    private static MimeMessage Mail(int n, MailboxAddress to, string text, string html) => new(
        [new MailboxAddress("Acme", "hello@acme.example")], [to], "New messages from Ada", new BodyBuilder { TextBody = text, HtmlBody = html }.ToMessageBody())
    {
        MessageId = $"o{Environment.ProcessId}.{n}@acme.example",
        Headers =
        {
            { "Auto-Submitted", "auto-generated" }, { "List-Unsubscribe", "<https://n.acme.example/unsubscribe/abc>" }, { "List-Unsubscribe-Post", "List-Unsubscribe=One-Click" },
        },
    };
}

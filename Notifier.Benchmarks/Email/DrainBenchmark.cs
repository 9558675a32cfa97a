using System.Diagnostics;
using System.Globalization;

namespace Notifier.Benchmarks.Email;

/// <summary>
/// 10,000 people have an email due at the same moment: how fast the whole worker, with its database and a last look before each, drains them; and what memory it takes. It has sent
/// some before: what a process compiles in its first half minute is not what an email costs.
/// </summary>
internal static class DrainBenchmark
{
    private const int People = 10_000, Before = 4_000;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(15);

    /// <param name="alone">Emails a second of the transport by itself: the server's pace.</param>
    public static async Task RunAsync(string where, int port, int connections, double alone)
    {
        await using var database = await Database.CreateAsync();
        using var worker = await WorkerSide.StartAsync(database, new Dictionary<string, string>
        {
            ["Email__Host"] = "127.0.0.1",
            ["Email__Port"] = $"{port}",
            ["Email__Security"] = "None",
            ["Email__From"] = "Acme <hello@acme.example>",
            ["Email__Connections"] = $"{connections}",
        });
        await PublishAsync(database, "before", Before);
        while (await SentAsync(database) < Before) await Task.Delay(200);
        await PublishAsync(database, "m", People);
        while (await SentAsync(database) == Before) await Task.Delay(50);
        var clock = Stopwatch.StartNew();
        Console.WriteLine($"{where}: {People} emails due at once, drained by one worker over {connections} connections");
        long sent = 0, told = 0;
        for (; sent < People; await Task.Delay(200))
        {
            if (clock.Elapsed > Patience) throw new InvalidOperationException($"only {sent} emails are sent");
            sent = await SentAsync(database) - Before;
            if (sent - told < People / 5 && sent < People) continue;
            told = sent;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  after {sent,6}: {sent / clock.Elapsed.TotalSeconds,5:0}/s, worker {worker.Megabytes:0} MB RSS, {worker.Threads} threads"));
        }
        Sides.Ratio($"emails drained by the whole worker, {where}", "our transport alone", People / clock.Elapsed.TotalSeconds / alone);
    }

    /// <summary>One message to many, written an hour ago: due as soon as it is decided.</summary>
    private static async Task PublishAsync(Database database, string message, int people)
    {
        await database.RunAsync(
            "INSERT INTO notifier.recipient (site, id, email, name) SELECT 'bench', $2 || n, $2 || n || '@example.org', 'Bob' FROM generate_series(1, $1) AS n", people, message);
        await database.RunAsync(
            """
            SELECT notifier.publish(jsonb_build_object('specversion', '1.0', 'id', $2, 'source', '/sites/bench/relay', 'type', 'message.outcome', 'data', jsonb_build_object(
              'site', 'bench',
              'message', jsonb_build_object('id', $2, 'conversation', $2, 'seq', 1, 'kind', 'direct', 'sender', jsonb_build_object('id', 'ada', 'name', 'Ada'),
                                            'text', repeat('x', 300), 'sentAt', to_jsonb(now() - interval '1 hour'), 'url', 'https://bench.example/messages/c'),
              'recipients', (SELECT jsonb_agg(jsonb_build_object('id', $2 || n, 'outcome', 'undelivered', 'presence', 'offline')) FROM generate_series(1, $1) AS n))))
            """, people, message);
    }

    private static Task<long> SentAsync(Database database) => database.CountAsync("SELECT count(*) FROM notifier.email_attempt WHERE state = 'sent'");
}

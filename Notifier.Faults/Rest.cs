using System.Text.Json.Nodes;
using Notifier.Faults.Driving;
using Notifier.Faults.Stage;

namespace Notifier.Faults;

/// <summary>After the last fault: waits until nothing is under way and nothing is due; then everybody looks at what waits for its next email in an hour.</summary>
internal sealed class Rest(Cast cast, Driver driver, DriverLog log)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40), Every = TimeSpan.FromMilliseconds(200);

    private const string Pending =
        """
        SELECT (SELECT count(*) FROM notifier.inbox), (SELECT count(*) FROM notifier.push_outbox),
               (SELECT count(*) FROM notifier.email_attempt WHERE state IN ('pending', 'retry', 'sending', 'data')),
               (SELECT count(*) FROM notifier.escalation WHERE least(push_at, email_at) < notifier.now() + interval '30 seconds'),
               (SELECT count(*) FROM relay.accepted WHERE NOT swept)
        """;

    private const string Waiting =
        """
        SELECT recipient, conversation, max(seq), coalesce(min(d.reason), 'undecided')
        FROM notifier.escalation_message m LEFT JOIN LATERAL (
          SELECT CASE WHEN verdict = 'wait' THEN reason ELSE verdict END AS reason FROM notifier.decision d
          WHERE d.site = m.site AND d.recipient = m.recipient AND d.message = m.message AND d.channel = 'email' ORDER BY id DESC LIMIT 1) AS d ON true
        WHERE coalesce(email_verdict, 0) = 0 GROUP BY 1, 2
        """;

    public async Task SettleAsync(CancellationToken stop)
    {
        await QuietAsync(stop);
        foreach (var (recipient, conversation, seq, reason) in await WaitingAsync(stop))
        {
            log.Write("waits", new { Recipient = recipient, Conversation = conversation, Reason = reason });
            if (reason != "throttled") continue;
            await driver.PublishAsync($"look-{recipient}-{conversation}", "conversation.seen", new JsonObject { ["recipient"] = recipient, ["conversation"] = conversation, ["seq"] = seq }, stop);
        }
        await QuietAsync(stop);
        log.Write("rested");
    }

    private async Task QuietAsync(CancellationToken stop)
    {
        var start = DriverLog.Now;
        while (true)
        {
            await using (var command = cast.Database.CreateCommand(Pending))
            await using (var reader = await command.ExecuteReaderAsync(stop))
            {
                await reader.ReadAsync(stop);
                var (events, pushes, emails, rungs, messages) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
                var streamed = cast.Stream is { } stream ? await stream.PendingAsync(stop) : 0;
                if (events + pushes + emails + rungs + messages + streamed == 0) return;
                if (DriverLog.Now - start > Patience.TotalSeconds)
                {
                    log.Write("restless", new { Events = events, Pushes = pushes, Emails = emails, Rungs = rungs, Messages = messages, Streamed = streamed });
                    return;
                }
            }
            await Task.Delay(Every, stop);
        }
    }

    private async Task<List<(string Recipient, string Conversation, long Seq, string Reason)>> WaitingAsync(CancellationToken stop)
    {
        await using var command = cast.Database.CreateCommand(Waiting);
        await using var reader = await command.ExecuteReaderAsync(stop);
        var rows = new List<(string, string, long, string)>();
        while (await reader.ReadAsync(stop)) rows.Add((reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetString(3)));
        return rows;
    }
}

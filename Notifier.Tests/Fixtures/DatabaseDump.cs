using System.Text;
using Npgsql;

namespace Notifier.Tests.Fixtures;

/// <summary>What a person would look at first when a test waited in vain.</summary>
internal static class DatabaseDump
{
    private static readonly (string Title, string Sql)[] Parts =
    [
        ("now", "SELECT notifier.now()::text"),
        ("inbox", "SELECT count(*)::text FROM notifier.inbox"),
        ("dead_letter", "SELECT count(*)::text || coalesce(': ' || string_agg(reason || ' ' || detail, '; '), '') FROM notifier.dead_letter"),
        ("escalation", "SELECT count(*)::text || ', open ' || count(*) FILTER (WHERE closed_at IS NULL) FROM notifier.escalation"),
        ("escalation due", "SELECT concat_ws(' ', recipient, conversation, 'push', push_at, 'email', email_at, 'attempt', email_attempt) FROM notifier.escalation LIMIT 5"),
        ("push_outbox", "SELECT count(*)::text || ', most attempts ' || coalesce(max(attempts), 0) FROM notifier.push_outbox"),
        ("email_attempt", "SELECT concat_ws(' ', state, count(*), max(answer)) FROM notifier.email_attempt GROUP BY state"),
        ("decision", "SELECT count(*)::text FROM notifier.decision"),
        ("last decisions", "SELECT concat_ws(' ', at, recipient, conversation, message, channel, verdict, reason, until) FROM notifier.decision ORDER BY id DESC LIMIT 10"),
    ];

    public static async Task<string> TakeAsync(TestDatabase database)
    {
        var text = new StringBuilder();
        try
        {
            foreach (var (title, sql) in Parts)
                text.Append(title).Append(": ").AppendJoin("\n  ", await database.ListAsync<string>(sql)).Append('\n');
        }
        catch (NpgsqlException e)
        {
            text.Append("(no more: ").Append(e.Message).Append(')');
        }

        return text.ToString();
    }
}

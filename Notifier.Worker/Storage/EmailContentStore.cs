using Notifier.Domain;
using Notifier.Domain.Email;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What an email says, as of now.</summary>
/// <param name="Digest">Null: there is nobody to write to, or nothing to say.</param>
/// <param name="UpTo">By conversation: the newest <c>seq</c> it tells of.</param>
/// <param name="Messages">By conversation: all it tells of, shown or counted.</param>
/// <param name="Traces">By conversation, the trace of its newest message, where it has one.</param>
/// <param name="OldestSentAt">When the first message was sent that was not told by email before.</param>
internal sealed record EmailContent(
    EmailDigest? Digest, IReadOnlyDictionary<string, long> UpTo, IReadOnlyDictionary<string, string[]> Messages, DateTimeOffset OldestSentAt,
    IReadOnlyList<string> Traces);

/// <summary>Reads what an email says: every unseen message counted, the newest shown, in their newest words.</summary>
internal sealed class EmailContentStore
{
    public static async Task<EmailContent> ReadAsync(
        NpgsqlConnection connection, RecipientKey recipient, IReadOnlyCollection<string> conversations, int shown, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Plans.ByIndex());
        batch.BatchCommands.Add(Person(recipient));
        batch.BatchCommands.Add(Messages(recipient, conversations, shown));

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        EmailRecipient? to = null;
        var site = new EmailDigest(recipient.Site, new EmailRecipient("", null, null), []) { Site = recipient.Site };
        if (await reader.ReadAsync(cancellation))
        {
            to = reader.IsDBNull(0) ? null : new EmailRecipient(reader.GetString(0), reader.Text(1), reader.Text(2), reader.Text(3));
            site = site with { SiteName = reader.Text(4) ?? recipient.Site, SiteLocale = reader.Text(5), Level = reader.IsDBNull(6) ? null : (ContentLevel)reader.GetInt16(6) };
        }
        await reader.NextResultAsync(cancellation);
        var rows = new List<Row>();
        while (await reader.ReadAsync(cancellation))
            rows.Add(new Row(
                reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.Time(3), reader.GetInt64(4), reader.Text(5) ?? reader.GetString(6),
                reader.Text(7), reader.Time(8), reader.Text(9), reader.Text(10), reader.IsDBNull(11) ? [] : reader.GetFieldValue<string[]>(11), reader.GetBoolean(12), reader.Text(13)));

        var byConversation = rows.GroupBy(r => r.Conversation).ToArray();
        return new EmailContent(
            to is null || rows.Count == 0 ? null : site with { Recipient = to, Conversations = [.. byConversation.Select(c => Conversation([.. c]))] },
            byConversation.ToDictionary(c => c.Key, c => c.First().UpTo),
            byConversation.ToDictionary(c => c.Key, c => c.Last().All),
            rows.Select(r => r.Oldest).DefaultIfEmpty().Min(),
            [.. byConversation.Select(c => c.Last().Trace).OfType<string>()]);
    }

    private readonly record struct Row(
        string Conversation, long Unseen, long UpTo, DateTimeOffset Oldest, long Seq, string Sender, string? Text, DateTimeOffset SentAt, string? Title, string? Url, string[] All, bool Group, string? Trace);

    private static DigestConversation Conversation(IReadOnlyList<Row> rows) => new(
        rows[0].Conversation, rows.Select(r => r.Title).LastOrDefault(t => t is not null), rows.Select(r => r.Url).LastOrDefault(u => u is not null), (int)rows[0].Unseen,
        [.. rows.Select(r => new DigestMessage(r.Seq, r.Sender, r.Text, r.SentAt))])
    {
        Group = rows.Any(r => r.Group),
    };

    private static NpgsqlBatchCommand Person(RecipientKey recipient) => new(
        """
        SELECT r.email, r.name, r.locale, r.time_zone, s.name, s.locale, s.email_content FROM notifier.recipient r LEFT JOIN notifier.site s ON s.id = r.site WHERE r.site = $1 AND r.id = $2
        """)
    { Parameters = { new() { Value = recipient.Site }, new() { Value = recipient.Recipient } } };

    private static NpgsqlBatchCommand Messages(RecipientKey recipient, IReadOnlyCollection<string> conversations, int shown) => new(
        $"""
        WITH unseen AS (
          SELECT em.conversation, em.message, em.seq, m.sender_name, m.sender_id, m.text, m.sent_at, m.title, m.url, m.traceparent,
                 coalesce(m.kind, 0) <> {(int)MessageKind.Direct} AS in_group,
                 count(*) OVER all_of AS unseen, max(em.seq) OVER all_of AS up_to,
                 min(m.sent_at) FILTER (WHERE coalesce(em.email_verdict, {(int)Verdict.Wait}) <= {(int)Verdict.Send}) OVER all_of AS oldest,
                 array_agg(em.message) OVER all_of AS messages,
                 row_number() OVER (PARTITION BY em.conversation ORDER BY em.seq DESC, em.message DESC) AS newest
          -- From the person, as in StateStore: by the message first, one that went to 10,000 people is 10,000 rows for each of them.
          FROM (SELECT * FROM notifier.escalation_message e WHERE e.site = $1 AND e.recipient = $2 AND e.conversation = ANY ($3) OFFSET 0) AS em
          JOIN notifier.message m ON m.site = em.site AND m.id = em.message
          LEFT JOIN notifier.seen_mark s ON s.site = em.site AND s.recipient = em.recipient AND s.conversation = em.conversation
          WHERE em.seq > coalesce(s.seq, -1) AND m.deleted_at IS NULL
            AND coalesce(em.email_verdict, {(int)Verdict.Wait}) IN ({(int)Verdict.Wait}, {(int)Verdict.Send}, {(int)Verdict.Told})
          WINDOW all_of AS (PARTITION BY em.conversation))
        SELECT conversation, unseen, up_to, coalesce(oldest, sent_at), seq, sender_name, sender_id, text, sent_at, title, url, CASE WHEN newest = 1 THEN messages END, in_group, traceparent
        FROM unseen WHERE newest <= $4 ORDER BY conversation, newest DESC
        """)
    {
        Parameters = { new() { Value = recipient.Site }, new() { Value = recipient.Recipient }, new() { Value = conversations.ToArray() }, new() { Value = shown } },
    };
}

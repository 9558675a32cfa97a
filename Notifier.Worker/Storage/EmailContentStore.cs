using Notifier.Domain;
using Notifier.Domain.Email;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What an email says, as of now.</summary>
/// <param name="Digest">Null: there is nobody to write to, or nothing to say.</param>
/// <param name="UpTo">By conversation: the newest <c>seq</c> it tells of.</param>
/// <param name="Messages">By conversation: all it tells of, shown or counted.</param>
/// <param name="Traces">By conversation, the trace of its newest message, where it has one.</param>
/// <param name="Shown">The messages whose words are in it.</param>
/// <param name="OldestSentAt">When the first message was sent that was not told by email before.</param>
internal sealed record EmailContent(
    EmailDigest? Digest, IReadOnlyDictionary<string, long> UpTo, IReadOnlyDictionary<string, string[]> Messages, IReadOnlyList<ShownMessage> Shown, DateTimeOffset OldestSentAt,
    IReadOnlyList<string> Traces);

/// <summary>A message in the words of its last edit, if there was one.</summary>
internal readonly record struct ShownMessage(string Id, DateTimeOffset? EditedAt);

/// <summary>Of whom and of what an email is to tell.</summary>
/// <param name="Shown">So many messages of a conversation at most; the others are counted.</param>
internal readonly record struct ContentQuery(RecipientKey Recipient, IReadOnlyCollection<string> Conversations, int Shown);

/// <summary>Reads what emails say: every unseen message counted, the newest shown, in their newest words.</summary>
internal sealed class EmailContentStore
{
    /// <summary>In one round trip, whatever their number.</summary>
    /// <returns>The content of each, in their order.</returns>
    public static async Task<IReadOnlyList<EmailContent>> ReadAsync(NpgsqlConnection connection, IReadOnlyList<ContentQuery> emails, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Plans.ByIndex());
        batch.BatchCommands.Add(Plans.Kept());
        batch.BatchCommands.Add(People(emails));
        batch.BatchCommands.Add(Messages(emails));

        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        var digests = new Dictionary<int, EmailDigest>();
        while (await reader.ReadAsync(cancellation))
        {
            var site = emails[reader.GetInt32(0)].Recipient.Site;
            digests[reader.GetInt32(0)] = new EmailDigest(reader.Text(5) ?? site, new EmailRecipient(reader.GetString(1), reader.Text(2), reader.Text(3), reader.Text(4)), [])
            {
                Site = site,
                SiteLocale = reader.Text(6),
                Level = reader.IsDBNull(7) ? null : (ContentLevel)reader.GetInt16(7),
            };
        }
        await reader.NextResultAsync(cancellation);
        var rows = new List<Row>();
        while (await reader.ReadAsync(cancellation))
            rows.Add(new Row(
                reader.GetInt32(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.Time(4), reader.GetInt64(5), reader.Text(6) ?? reader.GetString(7),
                reader.Text(8), reader.Time(9), reader.Text(10), reader.Text(11), reader.IsDBNull(12) ? [] : reader.GetFieldValue<string[]>(12), reader.GetBoolean(13), reader.Text(14),
                new(reader.GetString(15), reader.OptionalTime(16))));

        var ofEmail = rows.ToLookup(r => r.Email);
        return [.. Enumerable.Range(0, emails.Count).Select(n => Content(digests.GetValueOrDefault(n), [.. ofEmail[n].GroupBy(r => r.Conversation)]))];
    }

    private static EmailContent Content(EmailDigest? to, IReadOnlyList<IGrouping<string, Row>> conversations) => new(
        to is null || conversations.Count == 0 ? null : to with { Conversations = [.. conversations.Select(c => Conversation([.. c]))] },
        conversations.ToDictionary(c => c.Key, c => c.First().UpTo),
        conversations.ToDictionary(c => c.Key, c => c.Last().All),
        [.. conversations.SelectMany(c => c).Select(r => r.Shown)],
        conversations.SelectMany(c => c).Select(r => r.Oldest).DefaultIfEmpty().Min(),
        [.. conversations.Select(c => c.Last().Trace).OfType<string>()]);

    private readonly record struct Row(
        int Email, string Conversation, long Unseen, long UpTo, DateTimeOffset Oldest, long Seq, string Sender, string? Text, DateTimeOffset SentAt, string? Title, string? Url, string[] All, bool Group, string? Trace,
        ShownMessage Shown);

    private static DigestConversation Conversation(IReadOnlyList<Row> rows) => new(
        rows[0].Conversation, rows.Select(r => r.Title).LastOrDefault(t => t is not null), rows.Select(r => r.Url).LastOrDefault(u => u is not null), (int)rows[0].Unseen,
        [.. rows.Select(r => new DigestMessage(r.Seq, r.Sender, r.Text, r.SentAt))])
    {
        Group = rows.Any(r => r.Group),
    };

    private static NpgsqlBatchCommand People(IReadOnlyList<ContentQuery> emails) => new(
        """
        SELECT k.n::integer - 1, r.email, r.name, r.locale, r.time_zone, s.name, s.locale, s.email_content
        FROM unnest($1, $2) WITH ORDINALITY AS k(site, id, n)
        CROSS JOIN LATERAL (SELECT * FROM notifier.recipient WHERE site = k.site AND id = k.id OFFSET 0) AS r
        LEFT JOIN LATERAL (SELECT * FROM notifier.site WHERE id = r.site OFFSET 0) AS s ON true
        WHERE r.email IS NOT NULL
        """)
    { Parameters = { Column.Of(emails, e => e.Recipient.Site), Column.Of(emails, e => e.Recipient.Recipient) } };

    private static NpgsqlBatchCommand Messages(IReadOnlyList<ContentQuery> emails)
    {
        var rows = emails.SelectMany((e, n) => e.Conversations, (e, conversation) => (e.Recipient, e.Shown, Conversation: conversation)).ToArray();
        var numbers = emails.SelectMany((e, n) => Enumerable.Repeat(n, e.Conversations.Count)).ToArray();
        return new(
            $"""
            WITH unseen AS (
              SELECT k.n, k.shown, em.conversation, em.message, em.seq, m.sender_name, m.sender_id, m.text, m.sent_at, m.edited_at, m.title, m.url, m.traceparent,
                     coalesce(m.kind, 0) <> {(int)MessageKind.Direct} AS in_group,
                     count(*) OVER all_of AS unseen, max(em.seq) OVER all_of AS up_to,
                     min(m.sent_at) FILTER (WHERE coalesce(em.email_verdict, {(int)Verdict.Wait}) <= {(int)Verdict.Send}) OVER all_of AS oldest,
                     array_agg(em.message) OVER all_of AS messages,
                     row_number() OVER (PARTITION BY k.n, em.conversation ORDER BY em.seq DESC, em.message DESC) AS newest
              FROM unnest($1, $2, $3, $4, $5) AS k(n, site, recipient, conversation, shown)
              -- From the person, as in StateStore: by the message first, one that went to 10,000 people is 10,000 rows for each of them.
              CROSS JOIN LATERAL (SELECT * FROM notifier.escalation_message e WHERE e.site = k.site AND e.recipient = k.recipient AND e.conversation = k.conversation OFFSET 0) AS em
              CROSS JOIN LATERAL (SELECT * FROM notifier.message WHERE site = em.site AND id = em.message OFFSET 0) AS m
              LEFT JOIN LATERAL (SELECT * FROM notifier.seen_mark WHERE site = em.site AND recipient = em.recipient AND conversation = em.conversation OFFSET 0) AS s ON true
              WHERE em.seq > coalesce(s.seq, -1) AND m.deleted_at IS NULL
                AND coalesce(em.email_verdict, {(int)Verdict.Wait}) IN ({(int)Verdict.Wait}, {(int)Verdict.Send}, {(int)Verdict.Told})
              WINDOW all_of AS (PARTITION BY k.n, em.conversation))
            SELECT n, conversation, unseen, up_to, coalesce(oldest, sent_at), seq, sender_name, sender_id, text, sent_at, title, url, CASE WHEN newest = 1 THEN messages END, in_group, traceparent, message, edited_at
            FROM unseen WHERE newest <= shown ORDER BY n, conversation, newest DESC
            """)
        {
            Parameters =
            {
                new() { Value = numbers }, Column.Of(rows, r => r.Recipient.Site), Column.Of(rows, r => r.Recipient.Recipient), Column.Of(rows, r => r.Conversation), Column.Of(rows, r => r.Shown),
            },
        };
    }
}

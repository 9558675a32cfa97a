using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Somebody a message was for.</summary>
internal sealed record ToldPerson(string Site, string Recipient);

/// <summary>A person, as far as operators may see them.</summary>
/// <param name="Address">Whole: to be masked before it is shown.</param>
internal sealed record KnownPerson(string Site, string Recipient, string? Address, string? Locale, string? TimeZone, bool Unsubscribed, bool Suppressed);

/// <summary>A device of a person, without its endpoint, which is a secret.</summary>
internal sealed record KnownDevice(long Id, string Origin, DateTimeOffset RegisteredAt, DateTimeOffset LastUsedAt, int Errors, DateTimeOffset? HeldUntil, string? VapidKey);

/// <summary>A conversation of a person, with the newest message in it that they have not seen.</summary>
internal sealed record KnownConversation(
    string Conversation, DateTimeOffset OpenedAt, DateTimeOffset? ClosedAt, DateTimeOffset? PushAt, DateTimeOffset? EmailAt, int Emails, long Unseen, string? Newest);

/// <summary>
/// What the page Why looks up. An id may be of any site: their names are hopped along an index, one probe each. Everything is a range of an index, and read without
/// async, because a page of Hangfire's dashboard renders without it.
/// </summary>
internal sealed class WhyStore(NpgsqlDataSource database)
{
    /// <summary>An unseen conversation can be long: counted no further than this.</summary>
    public const int CountCap = 1000;

    /// <summary>The people of whom decisions on a message are kept, in order, from one on.</summary>
    public List<ToldPerson> PeopleOf(string message, string afterSite, string afterRecipient, int count) => Read(
        $"""
        {Hop("message")}
        SELECT d.site, d.recipient FROM site CROSS JOIN LATERAL (
          SELECT DISTINCT ON (d.recipient) d.site, d.recipient FROM notifier.trace d
          WHERE d.site = site.site AND d.message = $1 AND d.recipient > CASE WHEN site.site = $2 THEN $3 ELSE '' END ORDER BY d.recipient LIMIT $4) AS d
        WHERE site.site IS NOT NULL AND site.site >= $2 ORDER BY 1, 2 LIMIT $4
        """, r => new ToldPerson(r.GetString(0), r.GetString(1)), message, afterSite, afterRecipient, count);

    /// <summary>The people of an id, one for each site that has it.</summary>
    public List<KnownPerson> Find(string recipient) => Read(
        $"""
        {Hop("recipient")}
        SELECT r.site, r.id, r.email, r.locale, r.time_zone, r.unsubscribed_at IS NOT NULL,
               EXISTS (SELECT FROM notifier.suppression s WHERE s.site = r.site AND s.address = lower(r.email))
        FROM site JOIN LATERAL (SELECT * FROM notifier.recipient r WHERE r.site = site.site AND r.id = $1 LIMIT 1) AS r ON true ORDER BY 1
        """, r => new KnownPerson(r.GetString(0), r.GetString(1), r.Text(2), r.Text(3), r.Text(4), r.GetBoolean(5), r.GetBoolean(6)), recipient);

    /// <summary>As many as a person may have; there is a bound to that at registration.</summary>
    public List<KnownDevice> DevicesOf(string site, string recipient) => Read(
        """
        SELECT id, origin, registered_at, last_used_at, errors, held_until, vapid_key FROM notifier.push_subscription WHERE site = $1 AND recipient = $2 ORDER BY id
        """, r => new KnownDevice(r.GetInt64(0), r.GetString(1), r.Time(2), r.Time(3), r.GetInt32(4), r.OptionalTime(5), r.Text(6)), site, recipient);

    /// <summary>Open and closed, by their ids, from one on.</summary>
    public List<KnownConversation> ConversationsOf(string site, string recipient, string after, int count) => Read(
        $"""
        SELECT e.conversation, e.opened_at, e.closed_at, e.push_at, e.email_at, e.emails, unseen.n, newest.message
        FROM (SELECT * FROM notifier.escalation e WHERE e.site = $1 AND e.recipient = $2 AND e.conversation > $3 ORDER BY e.conversation LIMIT $4) AS e
        CROSS JOIN LATERAL (
          SELECT count(*) AS n FROM (
            SELECT FROM notifier.escalation_message m WHERE m.site = e.site AND m.recipient = e.recipient AND m.conversation = e.conversation LIMIT {CountCap}) AS counted) AS unseen
        LEFT JOIN LATERAL (
          SELECT m.message FROM notifier.escalation_message m
          WHERE m.site = e.site AND m.recipient = e.recipient AND m.conversation = e.conversation ORDER BY m.seq DESC LIMIT 1) AS newest ON true
        ORDER BY e.conversation
        """,
        r => new KnownConversation(r.GetString(0), r.Time(1), r.OptionalTime(2), r.OptionalTime(3), r.OptionalTime(4), r.GetInt32(5), r.GetInt64(6), r.Text(7)),
        site, recipient, after, count);

    private static string Hop(string table) =>
        $"""
        WITH RECURSIVE site AS (
          (SELECT site FROM notifier.{table} ORDER BY site LIMIT 1)
          UNION ALL
          SELECT (SELECT n.site FROM notifier.{table} n WHERE n.site > s.site ORDER BY n.site LIMIT 1) FROM site s WHERE s.site IS NOT NULL)
        """;

    private List<T> Read<T>(string sql, Func<NpgsqlDataReader, T> row, params object[] parameters)
    {
        using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.AddWithValue(parameter);
        using var reader = command.ExecuteReader();
        var rows = new List<T>();
        while (reader.Read()) rows.Add(row(reader));
        return rows;
    }
}

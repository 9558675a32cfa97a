using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>
/// The emails that are to come, for people to look at and cancel. Reads without async, because a page of Hangfire's dashboard renders without it.
/// Every reading is capped: an operators' page must not be what brings the database down.
/// </summary>
internal sealed class PendingEmailStore(NpgsqlDataSource database)
{
    /// <summary>Counted no further than this.</summary>
    public const int CountCap = 100_000;

    /// <summary>Conversations whose email rung will ask again, soonest first.</summary>
    /// <param name="search">The id of a recipient, a conversation or a message; empty: everything.</param>
    /// <param name="after">The last one that was shown: when it is due, and its escalation.</param>
    /// <param name="take">How many at most.</param>
    public IReadOnlyList<DueEmail> Due(string search, (DateTimeOffset At, long Escalation) after, int take)
    {
        // Merged from the shards, each of which has its own order by due time: no page sorts everything that waits.
        using var command = database.CreateCommand(
            $"""
            SELECT e.id, e.site, e.recipient, e.conversation, e.email_at, e.email_at < notifier.now(), e.email_attempt IS NOT NULL, unseen.n, unseen.reason
            FROM (
              SELECT d.* FROM generate_series(0, {Shard.Count - 1}) AS s(shard)
              CROSS JOIN LATERAL (
                SELECT * FROM notifier.escalation e
                WHERE e.shard = s.shard AND e.email_at IS NOT NULL AND (e.email_at, e.id) > ($2, $3) AND {DueMatches} ORDER BY e.email_at, e.id LIMIT $4) AS d
              ORDER BY d.email_at, d.id LIMIT $4) AS e
            CROSS JOIN LATERAL (
              SELECT count(*) AS n, (array_agg(em.email_reason ORDER BY em.seq DESC) FILTER (WHERE em.email_verdict = {(int)Verdict.Wait}))[1] AS reason
              FROM notifier.escalation_message em WHERE em.site = e.site AND em.recipient = e.recipient AND em.conversation = e.conversation) AS unseen
            ORDER BY e.email_at, e.id
            """);
        command.Parameters.AddWithValue(search);
        command.Parameters.AddWithValue(after.At.ToUniversalTime());
        command.Parameters.AddWithValue(after.Escalation);
        command.Parameters.AddWithValue(take);
        var rows = new List<DueEmail>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
            rows.Add(new DueEmail(
                reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.Time(4), reader.GetBoolean(5), reader.GetBoolean(6),
                reader.GetInt64(7), reader.IsDBNull(8) ? null : (Reason)reader.GetInt16(8)));
        return rows;
    }

    public long CountDue(string search) => Count($"notifier.escalation e WHERE e.email_at IS NOT NULL AND {DueMatches}", search);

    /// <summary>Emails that were decided and have not reached their end, the next to be tried first.</summary>
    /// <param name="search">As in <see cref="Due"/>.</param>
    /// <param name="after">The last one that was shown: when it is tried, and its id.</param>
    /// <param name="take">How many at most.</param>
    public IReadOnlyList<EmailUnderWay> UnderWay(string search, (DateTimeOffset At, Guid Attempt) after, int take) => Attempts(Unfinished, search, after, take);

    /// <summary>Emails of which nobody can tell whether they arrived, and which wait for an admin's word.</summary>
    public IReadOnlyList<EmailUnderWay> Parked(string search, (DateTimeOffset At, Guid Attempt) after, int take) => Attempts(WaitsForAWord, search, after, take);

    private List<EmailUnderWay> Attempts(string which, string search, (DateTimeOffset At, Guid Attempt) after, int take)
    {
        using var command = database.CreateCommand(
            $"""
            SELECT a.id, a.site, a.recipient, a.conversations, a.state, a.attempts, a.next_at,
                   (SELECT count(*) FROM notifier.escalation_message em
                    WHERE em.site = a.site AND em.recipient = a.recipient AND em.conversation = ANY (a.conversations))
            FROM notifier.email_attempt a WHERE {which} AND (a.next_at, a.id) > ($2, $3) AND {UnderWayMatches} ORDER BY a.next_at, a.id LIMIT $4
            """);
        command.Parameters.AddWithValue(search);
        command.Parameters.AddWithValue(after.At.ToUniversalTime());
        command.Parameters.AddWithValue(after.Attempt);
        command.Parameters.AddWithValue(take);
        var rows = new List<EmailUnderWay>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
            rows.Add(new EmailUnderWay(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<string[]>(3), reader.GetString(4), reader.GetInt32(5),
                reader.Time(6), reader.GetInt64(7)));
        return rows;
    }

    public long CountUnderWay(string search) => Count($"notifier.email_attempt a WHERE {Unfinished} AND {UnderWayMatches}", search);

    public long CountParked(string search) => Count($"notifier.email_attempt a WHERE {WaitsForAWord} AND {UnderWayMatches}", search);

    private long Count(string from, string search)
    {
        using var command = database.CreateCommand($"SELECT count(*) FROM (SELECT FROM {from} LIMIT {CountCap}) AS counted");
        command.Parameters.AddWithValue(search);
        return (long)command.ExecuteScalar()!;
    }

    private const string Unfinished = "a.state IN ('pending', 'retry', 'sending', 'data')";

    private const string WaitsForAWord = "a.state = 'parked'";

    private const string DueMatches =
        """
        ($1 = '' OR e.recipient = $1 OR e.conversation = $1 OR EXISTS (
          SELECT FROM notifier.escalation_message em
          WHERE em.site = e.site AND em.recipient = e.recipient AND em.message = $1 AND em.conversation = e.conversation))
        """;

    private const string UnderWayMatches =
        """
        ($1 = '' OR a.recipient = $1 OR $1 = ANY (a.conversations) OR EXISTS (
          SELECT FROM notifier.escalation_message em
          WHERE em.site = a.site AND em.recipient = a.recipient AND em.message = $1 AND em.conversation = ANY (a.conversations)))
        """;
}

/// <param name="Escalation">Its id.</param>
/// <param name="HasAttempt">An email about it is under way as well.</param>
/// <param name="WaitsFor">Why the newest message waits.</param>
internal sealed record DueEmail(
    long Escalation, string Site, string Recipient, string Conversation, DateTimeOffset At, bool Overdue, bool HasAttempt, long Unseen, Reason? WaitsFor);

internal sealed record EmailUnderWay(
    Guid Attempt, string Site, string Recipient, IReadOnlyList<string> Conversations, string State, int Attempts, DateTimeOffset NextAt, long Unseen)
{
    /// <summary>A mail server may have it any moment.</summary>
    public bool IsBeingSent => State is "sending" or "data";
}

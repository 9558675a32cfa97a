using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Worker.WebPush;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>A push message this worker sends now.</summary>
/// <param name="Version">What it stands for; a later one may take its place while it is under way.</param>
/// <param name="Attempts">Including this one.</param>
internal sealed record ClaimedPush(
    long Id, ConversationKey Key, long Subscription, string Origin, bool Dismiss, long UpTo, string Message, bool Shrunk, int Attempts, int Version, TimeSpan TimeToLive);

/// <summary>What waits for one push service, for one site: what is held, and what room is shared out, by.</summary>
internal readonly record struct PushLane(string Site, string Origin);

/// <summary>Push messages that are decided and not yet at their push service.</summary>
internal sealed class PushOutboxStore(NpgsqlDataSource database, IOptions<WebPushOptions> options)
{
    /// <summary>One row per subscription; it takes the place of one that still waits there for the same conversation.</summary>
    public static NpgsqlBatchCommand Order(IReadOnlyCollection<PushOrder> orders, TimeSpan ttl) => new(
        $"""
        INSERT INTO notifier.push_outbox AS o (site, recipient, conversation, subscription, origin, up_to, message, expires_at, next_at)
        SELECT DISTINCT ON (s.id, k.conversation) k.site, k.recipient, k.conversation, s.id, s.origin, k.up_to, k.message, notifier.now() + $6,
               greatest(notifier.now(), s.held_until)
        FROM {Column.NumberedRows("site", "recipient", "conversation", "up_to", "message")} AS k
        CROSS JOIN LATERAL (SELECT * FROM notifier.push_subscription s WHERE s.site = k.site AND s.recipient = k.recipient OFFSET 0) AS s
        ORDER BY s.id, k.conversation, k.n DESC
        ON CONFLICT (subscription, conversation) DO UPDATE SET
          up_to = greatest(o.up_to, excluded.up_to), message = excluded.message, dismiss = false, version = o.version + 1, expires_at = excluded.expires_at,
          -- What waits for a retry goes on waiting: the push service asked for it.
          next_at = CASE WHEN o.attempts > 0 THEN o.next_at ELSE excluded.next_at END
        """)
    {
        Parameters =
        {
            Column.Of(orders, o => o.Key.Site), Column.Of(orders, o => o.Key.Recipient), Column.Of(orders, o => o.Key.Conversation),
            Column.Of(orders, o => o.UpTo), Column.Of(orders, o => o.Message), new() { Value = ttl },
        },
    };

    /// <summary>
    /// Drops what was seen, and takes back the notifications that tell of it: on every device save the one it was read on. What became of a push message meanwhile is known
    /// to the rows alone, so they are asked as they go; one that is still under way then is <see cref="TakeBack"/>'s.
    /// </summary>
    public static NpgsqlBatchCommand Forget(IReadOnlyCollection<(ConversationKey Key, long UpTo)> seen, TimeSpan ttl) => new(
        $"""
        WITH seen AS {Column.Rows("site", "recipient", "conversation", "up_to")},
             gone AS (DELETE FROM notifier.escalation_message em USING seen f
                      WHERE em.site = f.site AND em.recipient = f.recipient AND em.conversation = f.conversation AND em.seq <= f.up_to
                      RETURNING em.site, em.recipient, em.conversation, f.up_to, em.message, em.seq, em.push_verdict),
             shown AS (SELECT DISTINCT ON (site, recipient, conversation) * FROM gone WHERE push_verdict = {(int)Verdict.Told} ORDER BY site, recipient, conversation, seq DESC)
        INSERT INTO notifier.push_outbox AS o (site, recipient, conversation, subscription, origin, dismiss, up_to, message, expires_at, next_at)
        SELECT k.site, k.recipient, k.conversation, s.id, s.origin, true, k.up_to, k.message, notifier.now() + $5, greatest(notifier.now(), s.held_until)
        FROM shown k
        JOIN notifier.push_subscription s ON s.site = k.site AND s.recipient = k.recipient
        JOIN notifier.seen_mark m ON m.site = k.site AND m.recipient = k.recipient AND m.conversation = k.conversation
        WHERE s.device IS NULL OR m.device IS NULL OR s.device <> m.device
        ORDER BY s.id, k.conversation
        ON CONFLICT (subscription, conversation) DO UPDATE SET
          up_to = excluded.up_to, message = excluded.message, dismiss = true, version = o.version + 1, expires_at = excluded.expires_at,
          next_at = CASE WHEN o.attempts > 0 THEN o.next_at ELSE excluded.next_at END
        -- An alert that waits there and tells of later messages takes the notification's place itself.
        WHERE o.up_to <= excluded.up_to
        """)
    {
        Parameters = { Column.Of(seen, s => s.Key.Site), Column.Of(seen, s => s.Key.Recipient), Column.Of(seen, s => s.Key.Conversation), Column.Of(seen, s => s.UpTo), new() { Value = ttl } },
    };

    /// <summary>Alerts that their push service took, about what was seen while they were under way: they go out once more, as dismissals. After <see cref="Told"/>, before <see cref="Done"/>.</summary>
    public static NpgsqlBatchCommand TakeBack(IReadOnlyCollection<ClaimedPush> pushes) => new(
        """
        UPDATE notifier.push_outbox o SET dismiss = true, version = o.version + 1
        WHERE o.id = ANY (ARRAY(
          SELECT d.id FROM (SELECT unnest($1) AS id, unnest($2) AS version) AS d
          CROSS JOIN LATERAL (SELECT * FROM notifier.push_outbox o WHERE o.id = d.id AND o.version = d.version OFFSET 0 FOR UPDATE) AS o
          CROSS JOIN LATERAL (
            SELECT FROM notifier.seen_mark m WHERE m.site = o.site AND m.recipient = o.recipient AND m.conversation = o.conversation AND m.seq >= o.up_to OFFSET 0) AS seen))
        """)
    { Parameters = { Column.Of(pushes, p => p.Id), Column.Of(pushes, p => p.Version) } };

    /// <summary>
    /// Takes push messages that are due, and those whose worker is gone: the oldest of each push service and site, as many as there is room for; first of the site that has the
    /// least under way, so that a storm of one takes what room the others leave. A push service that is held costs one probe, and one that does not answer takes no more than its own room.
    /// </summary>
    /// <param name="limit">At most so many in all.</param>
    /// <param name="roomEach">At most so many of one push service and site, less what is under way there.</param>
    public async Task<List<ClaimedPush>> ClaimAsync(int limit, int roomEach, IReadOnlyCollection<(PushLane Lane, int Count)> underWay, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        await using var reader = await batch.ReadKeptAsync(
            """
            WITH RECURSIVE lane AS (
              (SELECT site, origin FROM notifier.push_outbox ORDER BY site, origin LIMIT 1)
              UNION ALL
              SELECT next.site, next.origin FROM lane CROSS JOIN LATERAL (
                SELECT o.site, o.origin FROM notifier.push_outbox o WHERE (o.site, o.origin) > (lane.site, lane.origin) ORDER BY o.site, o.origin LIMIT 1) AS next),
            open_lane AS (
              SELECT lane.site, lane.origin, $2 - coalesce(u.count, 0) AS room FROM lane
              LEFT JOIN LATERAL (SELECT * FROM notifier.push_origin h WHERE h.site = lane.site AND h.origin = lane.origin OFFSET 0) AS h ON true
              LEFT JOIN unnest($3, $4, $5) AS u(site, origin, count) ON u.site = lane.site AND u.origin = lane.origin
              WHERE coalesce(greatest(h.held_until, h.open_until), '-infinity') <= notifier.now()),
            due AS MATERIALIZED (
              SELECT o.id FROM open_lane l CROSS JOIN LATERAL (
                SELECT o.id, o.next_at FROM notifier.push_outbox o
                WHERE o.site = l.site AND o.origin = l.origin AND o.next_at <= notifier.now() AND coalesce(o.lease_until, '-infinity') <= notifier.now()
                ORDER BY o.next_at LIMIT least(greatest(l.room, 0), $1) FOR UPDATE SKIP LOCKED) AS o
              ORDER BY coalesce((SELECT sum(u.count) FROM unnest($3, $5) AS u(site, count) WHERE u.site = l.site), 0) + row_number() OVER (PARTITION BY l.site ORDER BY o.next_at), o.next_at
              LIMIT $1)
            UPDATE notifier.push_outbox o SET lease_until = notifier.now() + $6, attempts = attempts + 1
            WHERE o.id = ANY (ARRAY(SELECT id FROM due))
            RETURNING o.id, o.site, o.recipient, o.conversation, o.subscription, o.origin, o.dismiss, o.up_to, o.message, o.shrunk, o.attempts, o.version,
                      o.expires_at - notifier.now()
            """,
            [
                new() { Value = limit }, new() { Value = roomEach }, Column.Of(underWay, u => u.Lane.Site), Column.Of(underWay, u => u.Lane.Origin), Column.Of(underWay, u => u.Count),
                new() { Value = options.Value.Lease },
            ], cancellation);
        var claimed = new List<ClaimedPush>();
        while (await reader.ReadAsync(cancellation))
            claimed.Add(new ClaimedPush(
                reader.GetInt64(0), new(reader.GetString(1), reader.GetString(2), reader.GetString(3)), reader.GetInt64(4), reader.GetString(5), reader.GetBoolean(6),
                reader.GetInt64(7), reader.GetString(8), reader.GetBoolean(9), reader.GetInt32(10), reader.GetInt32(11), reader.GetTimeSpan(12)));
        return claimed;
    }

    /// <summary>Push messages that are done with; one that a later one has taken the place of goes out again instead.</summary>
    public static NpgsqlBatchCommand Done(IReadOnlyCollection<ClaimedPush> pushes) => new(
        """
        WITH done AS MATERIALIZED (
               SELECT d.id, o.version = d.version AS last FROM (SELECT unnest($1) AS id, unnest($2) AS version) AS d
               CROSS JOIN LATERAL (SELECT o.version FROM notifier.push_outbox o WHERE o.id = d.id OFFSET 0 FOR UPDATE) AS o),
             again AS (UPDATE notifier.push_outbox SET lease_until = NULL, attempts = 0, next_at = notifier.now() WHERE id = ANY (ARRAY(SELECT id FROM done WHERE NOT last)))
        DELETE FROM notifier.push_outbox WHERE id = ANY (ARRAY(SELECT id FROM done WHERE last))
        """)
    { Parameters = { Column.Of(pushes, p => p.Id), Column.Of(pushes, p => p.Version) } };

    /// <summary>Push messages that are tried again later.</summary>
    public static NpgsqlBatchCommand Later(IReadOnlyCollection<(ClaimedPush Push, TimeSpan In, bool BurnsAttempt, bool Shrunk)> pushes) => new(
        """
        UPDATE notifier.push_outbox o SET lease_until = NULL, next_at = notifier.now() + l.pause, attempts = o.attempts - CASE WHEN l.burns THEN 0 ELSE 1 END, shrunk = l.shrunk
        FROM unnest($1, $2, $3, $4) AS l(id, pause, burns, shrunk) WHERE o.id = l.id
        """)
    {
        Parameters = { Column.Of(pushes, p => p.Push.Id), Column.Of(pushes, p => p.In), Column.Of(pushes, p => p.BurnsAttempt), Column.Of(pushes, p => p.Shrunk) },
    };

    /// <summary>What else waits for a device that is held waits as long: it would be asked for less as well.</summary>
    public static NpgsqlBatchCommand Hold(IReadOnlyCollection<(ClaimedPush Push, TimeSpan For)> holds) => new(
        """
        UPDATE notifier.push_outbox o SET next_at = greatest(o.next_at, w.held_until)
        FROM (SELECT o.id, s.held_until FROM notifier.push_outbox o JOIN notifier.push_subscription s ON s.id = o.subscription
              WHERE o.subscription = ANY ($1) AND o.lease_until IS NULL ORDER BY o.id FOR UPDATE OF o) AS w WHERE o.id = w.id
        """)
    { Parameters = { Column.Of(holds, h => h.Push.Subscription) } };

    /// <summary>What <see cref="Told"/> writes, locked: the shard's owner may write the same rows, and both go by their keys' order. Then they stay where they lie.</summary>
    public static NpgsqlBatchCommand ToBeTold(IReadOnlyCollection<ClaimedPush> pushes) => new(
        $"""
        WITH theirs AS MATERIALIZED (
          SELECT DISTINCT d.site, d.recipient, em.message FROM {Column.Rows("site", "recipient", "conversation", "up_to")} AS d
          CROSS JOIN LATERAL (SELECT em.message {Sent} OFFSET 0) AS em)
        SELECT FROM (SELECT * FROM theirs ORDER BY site, recipient, message) AS t
        CROSS JOIN LATERAL (SELECT FROM notifier.escalation_message em WHERE em.site = t.site AND em.recipient = t.recipient AND em.message = t.message OFFSET 0 FOR UPDATE) AS locked
        """)
    {
        Parameters = { Column.Of(pushes, p => p.Key.Site), Column.Of(pushes, p => p.Key.Recipient), Column.Of(pushes, p => p.Key.Conversation), Column.Of(pushes, p => p.UpTo) },
    };

    /// <summary>The push service has them: the messages are told, and the trace says so. After <see cref="ToBeTold"/>.</summary>
    public static NpgsqlBatchCommand Told(IReadOnlyCollection<ClaimedPush> pushes) => new(
        $"""
        WITH d AS MATERIALIZED (SELECT site, recipient, conversation, max(up_to) AS up_to, min(origin) AS origin FROM {Column.Rows("site", "recipient", "conversation", "up_to", "origin")} AS d
                                GROUP BY 1, 2, 3),
             told AS (UPDATE notifier.escalation_message SET push_verdict = {(int)Verdict.Told}, push_reason = {(int)Reason.Accepted}
                      WHERE ctid = ANY (ARRAY(SELECT em.ctid FROM d CROSS JOIN LATERAL (SELECT em.ctid {Sent} OFFSET 0) AS em))
                      RETURNING site, recipient, conversation, message)
        INSERT INTO notifier.trace (at, site, recipient, conversation, message, push_verdict, push_reason, basis)
        SELECT notifier.now(), site, recipient, conversation, message, $6, $7, jsonb_build_object('origin', origin) FROM told JOIN d USING (site, recipient, conversation)
        """)
    {
        Parameters =
        {
            Column.Of(pushes, p => p.Key.Site), Column.Of(pushes, p => p.Key.Recipient), Column.Of(pushes, p => p.Key.Conversation), Column.Of(pushes, p => p.UpTo),
            Column.Of(pushes, p => p.Origin), new() { Value = Verdict.Told.Word() }, new() { Value = Reason.Accepted.Word() },
        },
    };

    private static readonly string Sent =
        $"FROM notifier.escalation_message em WHERE em.site = d.site AND em.recipient = d.recipient AND em.conversation = d.conversation AND em.seq <= d.up_to AND em.push_verdict = {(int)Verdict.Send}";
}

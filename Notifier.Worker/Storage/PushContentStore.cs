using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What a push message says of a conversation, as of now.</summary>
/// <param name="Count">How many messages are unseen; at most <see cref="PushContentStore.MostCounted"/>.</param>
/// <param name="UpTo">The newest of them, whose words these are.</param>
/// <param name="Text">Null where it is sealed.</param>
/// <param name="Version">Of the outbox row at that very moment: what these words tell of needs no push message after this one.</param>
internal sealed record PushContent(
    long Count, long UpTo, MessageKind Kind, string? Title, string Sender, string? Text, string? Url, bool NamesThePerson, bool Urgent, DateTimeOffset SentAt, int Version,
    string? TraceParent = null);

/// <summary>Where a push message goes.</summary>
/// <param name="VapidKey">The public key that the subscription was made with; null: registered before that was kept.</param>
internal sealed record PushTarget(long Id, RecipientKey Owner, string Endpoint, byte[] P256dh, byte[] Auth, DateTimeOffset RegisteredAt, string? VapidKey = null);

/// <summary>Reads what a batch of push messages needs, whatever its size, in one round trip.</summary>
internal sealed class PushContentStore
{
    /// <summary>A notification says no more than that: to count a hundred thousand for each that comes is dear.</summary>
    internal const int MostCounted = 1000;

    public static async Task<(Dictionary<long, PushContent> Contents, Dictionary<long, PushTarget> Targets)> ReadAsync(
        NpgsqlConnection connection, IReadOnlyCollection<ClaimedPush> pushes, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Plans.ByIndex(), Plans.Kept(), Contents(pushes), Targets(pushes), Plans.Anew() } };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        var contents = new Dictionary<long, PushContent>();
        while (await reader.ReadAsync(cancellation))
            contents[reader.GetInt64(0)] = new PushContent(
                reader.GetInt64(2), reader.GetInt64(3), (MessageKind)reader.GetInt16(4), reader.Text(5), reader.Text(6) ?? reader.GetString(7), reader.Text(8), reader.Text(9),
                reader.GetBoolean(10), reader.GetBoolean(11), reader.Time(12), reader.GetInt32(1), reader.Text(13));
        await reader.NextResultAsync(cancellation);
        var targets = new Dictionary<long, PushTarget>();
        while (await reader.ReadAsync(cancellation))
            targets[reader.GetInt64(0)] = new PushTarget(
                reader.GetInt64(0), new(reader.GetString(1), reader.GetString(2)), reader.GetString(3), reader.GetFieldValue<byte[]>(4), reader.GetFieldValue<byte[]>(5), reader.Time(6), reader.Text(7));
        return (contents, targets);
    }

    private static NpgsqlBatchCommand Contents(IReadOnlyCollection<ClaimedPush> pushes) => new(
        $"""
        SELECT k.id, k.version, n.*
        FROM (SELECT unnest($1) AS id) AS p
        CROSS JOIN LATERAL (SELECT * FROM notifier.push_outbox o WHERE o.id = p.id OFFSET 0) AS k
        LEFT JOIN LATERAL (SELECT m.seq FROM notifier.seen_mark m WHERE m.site = k.site AND m.recipient = k.recipient AND m.conversation = k.conversation OFFSET 0) AS s ON true
        CROSS JOIN LATERAL (
          SELECT count(*) OVER (), u.* FROM (
            SELECT em.seq, m.kind, m.title, m.sender_name, m.sender_id, m.text, m.url, em.mentioned OR m.kind = {(int)MessageKind.Mention}, m.urgent, m.sent_at, m.traceparent
            FROM notifier.escalation_message em
            CROSS JOIN LATERAL (SELECT * FROM notifier.message m WHERE m.site = em.site AND m.id = em.message AND m.deleted_at IS NULL OFFSET 0) AS m
            WHERE em.site = k.site AND em.recipient = k.recipient AND em.conversation = k.conversation AND em.seq > coalesce(s.seq, -1)
              AND em.push_verdict IN ({(int)Verdict.Send}, {(int)Verdict.Told})
            ORDER BY em.seq DESC, em.message DESC LIMIT {MostCounted}) AS u
          LIMIT 1) AS n
        """)
    { Parameters = { Column.Of(pushes, p => p.Id) } };

    private static NpgsqlBatchCommand Targets(IReadOnlyCollection<ClaimedPush> pushes) => new(
        "SELECT id, site, recipient, endpoint, p256dh, auth, registered_at, vapid_key FROM notifier.push_subscription WHERE id = ANY ($1)")
    { Parameters = { Column.Of(pushes, p => p.Subscription) } };

    /// <summary>
    /// The push service said that these are gone. One that was registered anew since is another registration, and stays: what was for the old one goes to the new.
    /// </summary>
    public static NpgsqlBatchCommand Gone(IReadOnlyCollection<(ClaimedPush Push, PushTarget Target)> gone) => new(
        """
        WITH said AS (SELECT * FROM unnest($1, $2, $3) AS g(push, id, registered_at)),
             gone AS (DELETE FROM notifier.push_subscription s USING said WHERE s.id = said.id AND s.registered_at = said.registered_at RETURNING s.id),
             again AS (UPDATE notifier.push_outbox o SET lease_until = NULL, attempts = 0, next_at = notifier.now()
                       FROM said WHERE o.id = said.push AND NOT EXISTS (SELECT FROM gone WHERE gone.id = said.id))
        DELETE FROM notifier.push_outbox o USING gone WHERE o.subscription = gone.id
        """)
    { Parameters = { Column.Of(gone, g => g.Push.Id), Column.Of(gone, g => g.Target.Id), Column.Of(gone, g => g.Target.RegisteredAt) } };

    /// <summary>Devices whose push service asks for less.</summary>
    public static NpgsqlBatchCommand Hold(IReadOnlyCollection<(ClaimedPush Push, TimeSpan For)> holds)
    {
        var rows = holds.GroupBy(h => h.Push.Subscription).Select(g => (Id: g.Key, For: g.Max(h => h.For))).ToArray();
        return new NpgsqlBatchCommand(
            """
            UPDATE notifier.push_subscription s SET held_until = greatest(s.held_until, notifier.now() + h.pause)
            FROM (SELECT s.id, h.pause FROM unnest($1, $2) AS h(id, pause) JOIN notifier.push_subscription s USING (id) ORDER BY s.id FOR UPDATE OF s) AS h WHERE s.id = h.id
            """)
        { Parameters = { Column.Of(rows, r => r.Id), Column.Of(rows, r => r.For) } };
    }

    /// <summary>These took a push message.</summary>
    public static NpgsqlBatchCommand Used(IReadOnlyCollection<PushTarget> targets) => new(
        """
        UPDATE notifier.push_subscription SET last_used_at = notifier.now(), errors = 0, held_until = NULL
        WHERE id = ANY (ARRAY(SELECT id FROM notifier.push_subscription WHERE id = ANY ($1) ORDER BY id FOR UPDATE))
        """)
    { Parameters = { Column.Of(targets, t => t.Id) } };
}

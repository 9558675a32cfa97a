using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Push messages that are decided and not yet at their push service.</summary>
internal sealed class PushOutboxStore
{
    /// <summary>One row per subscription; it takes the place of one that still waits there for the same conversation.</summary>
    public static NpgsqlBatchCommand Order(IReadOnlyCollection<PushOrder> orders, TimeSpan ttl) => new(
        """
        INSERT INTO notifier.push_outbox AS o (site, recipient, conversation, subscription, origin, dismiss, up_to, expires_at)
        SELECT k.site, k.recipient, k.conversation, s.id, s.origin, k.dismiss, k.up_to, notifier.now() + $6
        FROM unnest($1, $2, $3, $4, $5) AS k(site, recipient, conversation, up_to, dismiss)
        JOIN notifier.push_subscription s ON s.site = k.site AND s.recipient = k.recipient
        -- A push message that shows nothing costs the subscription there.
        WHERE NOT (k.dismiss AND s.origin LIKE '%.push.apple.com')
        ORDER BY s.id, k.conversation
        ON CONFLICT (subscription, conversation) DO UPDATE SET
          up_to = greatest(o.up_to, excluded.up_to), dismiss = excluded.dismiss, version = o.version + 1, expires_at = excluded.expires_at,
          -- What waits for a retry goes on waiting: the push service asked for it.
          next_at = CASE WHEN o.attempts > 0 THEN o.next_at ELSE excluded.next_at END
        """)
    {
        Parameters =
        {
            Column.Of(orders, o => o.Key.Site), Column.Of(orders, o => o.Key.Recipient), Column.Of(orders, o => o.Key.Conversation),
            Column.Of(orders, o => o.UpTo), Column.Of(orders, o => o.Dismiss), new() { Value = ttl },
        },
    };
}

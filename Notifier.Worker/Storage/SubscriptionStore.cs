using Notifier.Domain;
using Notifier.Domain.WebPush;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>The browsers that a person can be reached at.</summary>
internal sealed class SubscriptionStore(NpgsqlDataSource database)
{
    /// <summary>
    /// Registers a subscription, or registers it anew: then an answer "gone" that is still under way for the old registration does not remove it (A15).
    /// Whoever registers it has the browser: if that was another person, it is theirs no longer, and what waits for them there must not be shown.
    /// </summary>
    public async Task RegisterAsync(RecipientKey owner, PushSubscription subscription, int most, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // One registration at a time for each person: two beside each other would not count each other.
        await using (var turn = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1 || E'\x1f' || $2, 1))", connection))
        {
            turn.Parameters.AddWithValue(owner.Site);
            turn.Parameters.AddWithValue(owner.Recipient);
            await turn.ExecuteNonQueryAsync(cancellation);
        }
        var before = await OwnerAsync(connection, owner.Site, subscription.Endpoint.AbsoluteUri, cancellation);
        var (id, now) = await UpsertAsync(connection, owner, subscription, cancellation);
        await TrimAsync(connection, owner, id, most, cancellation);
        if (before != owner.Recipient)
            await InboxStore.PostChangedAsync(connection, now, before is null ? [owner] : [owner, owner with { Recipient = before }], cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Removes a subscription, if it is this person's.</summary>
    public async Task RemoveAsync(RecipientKey owner, string endpoint, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            WITH gone AS (DELETE FROM notifier.push_subscription WHERE site = $1 AND recipient = $2 AND endpoint = $3 RETURNING id),
                 waiting AS (DELETE FROM notifier.push_outbox o USING gone WHERE o.subscription = gone.id)
            SELECT notifier.now() FROM gone
            """, connection)
        { Parameters = { new() { Value = owner.Site }, new() { Value = owner.Recipient }, new() { Value = endpoint } } };
        if (await command.ExecuteTimeAsync(cancellation) is { } now) await InboxStore.PostChangedAsync(connection, now, [owner], cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static async Task<string?> OwnerAsync(NpgsqlConnection connection, string site, string endpoint, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT recipient FROM notifier.push_subscription WHERE site = $1 AND endpoint = $2 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = site }, new() { Value = endpoint } },
        };
        return (string?)await command.ExecuteScalarAsync(cancellation);
    }

    private static async Task<(long Id, DateTimeOffset Now)> UpsertAsync(
        NpgsqlConnection connection, RecipientKey owner, PushSubscription subscription, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH registered AS (
              INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth) VALUES ($1, $2, $3, $4, $5, $6)
              ON CONFLICT (site, endpoint) DO UPDATE SET
                recipient = excluded.recipient, origin = excluded.origin, p256dh = excluded.p256dh, auth = excluded.auth,
                registered_at = notifier.now(), last_used_at = notifier.now(), errors = 0
              RETURNING id),
            -- What waits there for its owner until now.
            waiting AS (DELETE FROM notifier.push_outbox o USING registered r WHERE o.subscription = r.id AND o.recipient <> $2)
            SELECT id, notifier.now() FROM registered
            """, connection)
        {
            Parameters =
            {
                new() { Value = owner.Site }, new() { Value = owner.Recipient }, new() { Value = subscription.Endpoint.AbsoluteUri }, new() { Value = subscription.Origin },
                new() { Value = subscription.P256dh }, new() { Value = subscription.Auth },
            },
        };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.GetInt64(0), reader.Time(1));
    }

    /// <summary>The least recently used go; never the one that was registered just now.</summary>
    private static async Task TrimAsync(NpgsqlConnection connection, RecipientKey owner, long registered, int most, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            WITH gone AS (
              DELETE FROM notifier.push_subscription WHERE id IN (
                SELECT id FROM notifier.push_subscription WHERE site = $1 AND recipient = $2 ORDER BY id = $3 DESC, last_used_at DESC, id DESC OFFSET $4)
              RETURNING id)
            DELETE FROM notifier.push_outbox o USING gone WHERE o.subscription = gone.id
            """, connection)
        { Parameters = { new() { Value = owner.Site }, new() { Value = owner.Recipient }, new() { Value = registered }, new() { Value = most } } };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}

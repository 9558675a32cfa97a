using Notifier.Domain;
using Notifier.Domain.WebPush;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>A browser as it registers itself.</summary>
/// <param name="VapidKey">The public key that its subscription was made with; null: it does not say.</param>
/// <param name="Device">The relay's name for it; null: it does not say.</param>
/// <param name="Replaces">The endpoint that this one takes the place of; null: none.</param>
internal sealed record Registration(PushSubscription Subscription, string? VapidKey, string? Device, string? Replaces);

/// <summary>The browsers that a person can be reached at.</summary>
internal sealed class SubscriptionStore(NpgsqlDataSource database)
{
    /// <summary>
    /// Registers a subscription, or registers it anew: then an answer "gone" that is still under way for the old registration does not remove it (A15).
    /// Whoever registers it has the browser: if that was another person, it is theirs no longer, and what waits for them there must not be shown.
    /// </summary>
    /// <param name="currentKey">What a new subscription was made with where it does not say.</param>
    /// <param name="most">Subscriptions kept of one person.</param>
    public async Task RegisterAsync(RecipientKey owner, Registration registration, string? currentKey, int most, CancellationToken cancellation)
    {
        var endpoint = registration.Subscription.Endpoint.AbsoluteUri;
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        // One registration at a time for each person: two beside each other would not count each other.
        await using (var turn = new NpgsqlCommand("SELECT pg_advisory_xact_lock(hashtextextended($1 || E'\x1f' || $2, 1))", connection))
        {
            turn.Parameters.AddWithValue(owner.Site);
            turn.Parameters.AddWithValue(owner.Recipient);
            await turn.ExecuteNonQueryAsync(cancellation);
        }
        var before = await OwnerAsync(connection, owner.Site, endpoint, cancellation);
        if (before is null && registration.Replaces is { } replaces && await ReplaceAsync(connection, owner, replaces, endpoint, cancellation)) before = owner.Recipient;
        var (id, now) = await UpsertAsync(connection, owner, registration, currentKey, cancellation);
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

    /// <summary>Removes subscriptions that nobody has used for so long; their people are decided anew, since without a device half the email delay holds.</summary>
    /// <returns>How many; at most 1,000 at once.</returns>
    public async Task<int> RemoveUnusedAsync(TimeSpan unused, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var gone = new List<(RecipientKey Owner, DateTimeOffset Now)>();
        await using (var command = new NpgsqlCommand(
            """
            WITH gone AS (
              DELETE FROM notifier.push_subscription WHERE id IN (
                SELECT id FROM notifier.push_subscription WHERE last_used_at < notifier.now() - $1 ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)
              RETURNING id, site, recipient),
            waiting AS (DELETE FROM notifier.push_outbox o USING gone WHERE o.subscription = gone.id)
            SELECT site, recipient, notifier.now() FROM gone
            """, connection))
        {
            command.Parameters.AddWithValue(unused);
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation)) gone.Add((new(reader.GetString(0), reader.GetString(1)), reader.Time(2)));
        }
        if (gone.Count > 0) await InboxStore.PostChangedAsync(connection, gone[0].Now, gone.Select(g => g.Owner).Distinct(), cancellation);
        await transaction.CommitAsync(cancellation);
        return gone.Count;
    }

    private static async Task<string?> OwnerAsync(NpgsqlConnection connection, string site, string endpoint, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("SELECT recipient FROM notifier.push_subscription WHERE site = $1 AND endpoint = $2 FOR UPDATE", connection)
        {
            Parameters = { new() { Value = site }, new() { Value = endpoint } },
        };
        return (string?)await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>The browser has subscribed anew: its row gets the new endpoint, and what waits for the old one goes to the new.</summary>
    private static async Task<bool> ReplaceAsync(NpgsqlConnection connection, RecipientKey owner, string old, string endpoint, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            "UPDATE notifier.push_subscription SET endpoint = $4, vapid_key = NULL WHERE site = $1 AND recipient = $2 AND endpoint = $3", connection)
        { Parameters = { new() { Value = owner.Site }, new() { Value = owner.Recipient }, new() { Value = old }, new() { Value = endpoint } } };
        return await command.ExecuteNonQueryAsync(cancellation) > 0;
    }

    private static async Task<(long Id, DateTimeOffset Now)> UpsertAsync(
        NpgsqlConnection connection, RecipientKey owner, Registration registration, string? currentKey, CancellationToken cancellation)
    {
        var subscription = registration.Subscription;
        await using var command = new NpgsqlCommand(
            """
            WITH registered AS (
              INSERT INTO notifier.push_subscription AS s (site, recipient, endpoint, origin, p256dh, auth, vapid_key, device) VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, $8), $9)
              ON CONFLICT (site, endpoint) DO UPDATE SET
                recipient = excluded.recipient, origin = excluded.origin, p256dh = excluded.p256dh, auth = excluded.auth,
                -- An endpoint keeps its key for life, so one that does not say has the one it had.
                vapid_key = coalesce($7, s.vapid_key, $8), device = coalesce($9, s.device),
                registered_at = notifier.now(), last_used_at = notifier.now(), errors = 0
              RETURNING id, origin),
            -- What waits there for its owner until now.
            waiting AS (DELETE FROM notifier.push_outbox o USING registered r WHERE o.subscription = r.id AND o.recipient <> $2),
            moved AS (UPDATE notifier.push_outbox o SET origin = r.origin FROM registered r WHERE o.subscription = r.id AND o.recipient = $2 AND o.origin <> r.origin)
            SELECT id, notifier.now() FROM registered
            """, connection)
        {
            Parameters =
            {
                new() { Value = owner.Site }, new() { Value = owner.Recipient }, new() { Value = subscription.Endpoint.AbsoluteUri }, new() { Value = subscription.Origin },
                new() { Value = subscription.P256dh }, new() { Value = subscription.Auth }, Text(registration.VapidKey), Text(currentKey), Text(registration.Device),
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

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text };
}

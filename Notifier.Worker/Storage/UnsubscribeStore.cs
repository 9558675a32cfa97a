using Notifier.Domain;
using Notifier.Worker.Recipients;
using Npgsql;
using NpgsqlTypes;

namespace Notifier.Worker.Storage;

/// <summary>Somebody who followed a link in an email.</summary>
/// <param name="SiteName">What the site calls itself, or its id.</param>
/// <param name="Unsubscribed">Wants no email, by a link in one.</param>
/// <param name="Preferences">Null: the person was erased.</param>
internal sealed record LinkPerson(string SiteName, string? SiteLocale, string? Locale, string? TimeZone, bool Unsubscribed, NotificationPreferences? Preferences);

/// <summary>What people say by a link in an email: that they want no more, or less.</summary>
internal sealed class UnsubscribeStore(NpgsqlDataSource database)
{
    public async Task<LinkPerson> FindAsync(RecipientKey key, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT s.name, s.locale, r.locale, r.time_zone, r.unsubscribed_at IS NOT NULL, r.preferences::text
            FROM (SELECT) one LEFT JOIN notifier.site s ON s.id = $1 LEFT JOIN notifier.recipient r ON r.site = $1 AND r.id = $2
            """);
        command.Parameters.AddWithValue(key.Site);
        command.Parameters.AddWithValue(key.Recipient);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return new LinkPerson(
            reader.Text(0) ?? key.Site, reader.Text(1), reader.Text(2), reader.Text(3), reader.GetBoolean(4),
            reader.Text(5) is { } preferences ? NotificationPreferencesReader.ReadStored(preferences) : null);
    }

    /// <summary>Says it, and has everything open decided anew. Of somebody who was erased there is nothing to say it of, and no mail to come.</summary>
    public async Task SetAsync(RecipientKey key, bool unsubscribed, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            UPDATE notifier.recipient SET unsubscribed_at = CASE WHEN $3 THEN notifier.now() END, updated_at = notifier.now()
            WHERE site = $1 AND id = $2 AND unsubscribed_at IS NOT NULL <> $3
            RETURNING notifier.now()
            """, connection)
        { Parameters = { new() { Value = key.Site }, new() { Value = key.Recipient }, new() { Value = unsubscribed } } };
        if (await command.ExecuteTimeAsync(cancellation) is { } now) await InboxStore.PostChangedAsync(connection, now, [key], cancellation);
        await transaction.CommitAsync(cancellation);
    }

    /// <summary>Changes the preferences the site has stored, as the site itself may do again: the newest wins.</summary>
    public async Task ChangeAsync(RecipientKey key, Func<NotificationPreferences, NotificationPreferences> change, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var read = new NpgsqlCommand("SELECT preferences::text FROM notifier.recipient WHERE site = $1 AND id = $2 FOR UPDATE", connection)
        { Parameters = { new() { Value = key.Site }, new() { Value = key.Recipient } } };
        if (await read.ExecuteScalarAsync(cancellation) is not string before) return;
        await using var write = new NpgsqlCommand(
            """
            UPDATE notifier.recipient SET preferences = $3, updated_at = notifier.now() WHERE site = $1 AND id = $2 AND preferences <> $3
            RETURNING notifier.now()
            """, connection)
        {
            Parameters =
            {
                new() { Value = key.Site }, new() { Value = key.Recipient },
                new() { Value = PreferencesJson.Write(change(NotificationPreferencesReader.ReadStored(before))), NpgsqlDbType = NpgsqlDbType.Jsonb },
            },
        };
        if (await write.ExecuteTimeAsync(cancellation) is { } now) await InboxStore.PostChangedAsync(connection, now, [key], cancellation);
        await transaction.CommitAsync(cancellation);
    }
}

using Notifier.Domain;
using Notifier.Worker.Recipients;
using Npgsql;
using NpgsqlTypes;

namespace Notifier.Worker.Storage;

/// <summary>People, as their site has registered them.</summary>
internal sealed class RecipientStore(NpgsqlDataSource database)
{
    /// <summary>
    /// Replaces what is kept. Said once more without a change it does nothing, so that a site may say it at every login. Whoever unsubscribed by a link stays so,
    /// whatever the site says, until the site has switched emails off and on again, which takes somebody who wants it.
    /// </summary>
    public async Task PutAsync(RecipientKey key, RecipientDetails details, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            INSERT INTO notifier.recipient AS r (site, id, email, name, locale, time_zone, preferences) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (site, id) DO UPDATE SET
              email = excluded.email, name = excluded.name, locale = excluded.locale, time_zone = excluded.time_zone, preferences = excluded.preferences,
              unsubscribed_at = CASE WHEN r.preferences -> 'email' = 'false' AND excluded.preferences -> 'email' IS NULL THEN NULL ELSE r.unsubscribed_at END,
              updated_at = notifier.now()
            WHERE (r.email, r.name, r.locale, r.time_zone, r.preferences) IS DISTINCT FROM (excluded.email, excluded.name, excluded.locale, excluded.time_zone, excluded.preferences)
            RETURNING notifier.now()
            """, connection)
        {
            Parameters =
            {
                new() { Value = key.Site }, new() { Value = key.Recipient }, Text(details.Email), Text(details.Name), Text(details.Locale), Text(details.TimeZone),
                new() { Value = PreferencesJson.Write(details.Preferences), NpgsqlDbType = NpgsqlDbType.Jsonb },
            },
        };
        if (await command.ExecuteTimeAsync(cancellation) is { } now) await InboxStore.PostChangedAsync(connection, now, [key], cancellation);
        await transaction.CommitAsync(cancellation);
    }

    private static NpgsqlParameter Text(string? value) => new() { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };
}

using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Who wants no email any more, by a link in one.</summary>
internal sealed class UnsubscribeStore(NpgsqlDataSource database)
{
    /// <returns>What the site calls itself, and whether the person has unsubscribed already.</returns>
    public async Task<(string? SiteName, bool Unsubscribed)> FindAsync(RecipientKey key, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            SELECT (SELECT name FROM notifier.site WHERE id = $1),
                   EXISTS (SELECT FROM notifier.recipient WHERE site = $1 AND id = $2 AND unsubscribed_at IS NOT NULL)
            """);
        command.Parameters.AddWithValue(key.Site);
        command.Parameters.AddWithValue(key.Recipient);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        return (reader.Text(0), reader.GetBoolean(1));
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
}

using Notifier.Domain;
using Notifier.Domain.Email;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Whom an email of ours went to.</summary>
/// <param name="Address">The person's address today, in lower case.</param>
internal sealed record MailedTo(string Site, string Recipient, string Address);

/// <summary>What was reported of emails that were handed over, and what follows: each report once.</summary>
internal sealed class BounceStore(NpgsqlDataSource database)
{
    public Task<MailedTo?> FindAsync(Guid attempt, CancellationToken cancellation) => FindAsync("a.id = $1", attempt, cancellation);

    public Task<MailedTo?> FindAsync(string messageId, CancellationToken cancellation) => FindAsync("a.message_id = $1", messageId, cancellation);

    private async Task<MailedTo?> FindAsync(string which, object value, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"""
            SELECT r.site, r.id, lower(r.email) FROM notifier.email_attempt a
            JOIN notifier.recipient r ON r.site = a.site AND r.id = a.recipient WHERE {which} AND r.email IS NOT NULL
            """);
        command.Parameters.AddWithValue(value);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? new MailedTo(reader.GetString(0), reader.GetString(1), reader.GetString(2)) : null;
    }

    /// <param name="report">What the report is known by.</param>
    /// <param name="limit">So many days with scores within <paramref name="window"/> suppress the address.</param>
    /// <returns>What was done: a score may have been one too many; and what was reported before is ignored.</returns>
    public async Task<BounceVerdict> RecordAsync(
        byte[] report, MailedTo about, BounceVerdict verdict, string status, string detail, int limit, TimeSpan window, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var insert = new NpgsqlCommand(
            """
            WITH fresh AS (
              INSERT INTO notifier.bounce (report, site, address, status, verdict) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING site, address)
            SELECT notifier.now(), 1 + (SELECT count(DISTINCT (b.at AT TIME ZONE 'UTC')::date) FROM notifier.bounce b
                                        WHERE b.site = f.site AND b.address = f.address AND b.verdict = 'score' AND b.at > notifier.now() - $6
                                          AND (b.at AT TIME ZONE 'UTC')::date <> (notifier.now() AT TIME ZONE 'UTC')::date)
            FROM fresh f
            """, connection)
        {
            Parameters =
            {
                new() { Value = report }, new() { Value = about.Site }, new() { Value = about.Address }, new() { Value = status },
                new() { Value = verdict.ToString().ToLowerInvariant() }, new() { Value = window },
            },
        };
        DateTimeOffset now;
        await using (var reader = await insert.ExecuteReaderAsync(cancellation))
        {
            if (!await reader.ReadAsync(cancellation)) return BounceVerdict.Ignore;
            now = reader.Time(0);
            if (verdict == BounceVerdict.Score && reader.GetInt64(1) >= limit) verdict = BounceVerdict.Suppress;
        }
        var changed = verdict switch
        {
            BounceVerdict.Suppress => await ChangeAsync(connection,
                """
                INSERT INTO notifier.suppression (site, address, reason, detail) VALUES ($1, $3, 'bounced', $4) ON CONFLICT (site, address) DO NOTHING
                RETURNING ARRAY(SELECT id FROM notifier.recipient WHERE site = $1 AND (id = $2 OR lower(email) = $3))
                """, about, cancellation, about.Address, $"{status} {detail}"),
            BounceVerdict.Unsubscribe => await ChangeAsync(connection,
                "UPDATE notifier.recipient SET unsubscribed_at = notifier.now(), updated_at = notifier.now() WHERE site = $1 AND id = $2 AND unsubscribed_at IS NULL RETURNING ARRAY[id]", about, cancellation),
            _ => [],
        };
        if (changed.Length > 0) await InboxStore.PostChangedAsync(connection, now, [.. changed.Select(id => new RecipientKey(about.Site, id))], cancellation);
        await transaction.CommitAsync(cancellation);
        return verdict;
    }

    private static async Task<string[]> ChangeAsync(NpgsqlConnection connection, string sql, MailedTo about, CancellationToken cancellation, params string[] more)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = about.Site }, new() { Value = about.Recipient } } };
        foreach (var value in more) command.Parameters.Add(new() { Value = value });
        return await command.ExecuteScalarAsync(cancellation) as string[] ?? [];
    }
}

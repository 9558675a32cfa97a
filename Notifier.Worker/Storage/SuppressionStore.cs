using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>The addresses that no mail goes to, for people to look at and release. Reads without async, as <see cref="PendingEmailStore"/> does, and as capped.</summary>
internal sealed class SuppressionStore(NpgsqlDataSource database)
{
    /// <summary>Newest first.</summary>
    /// <param name="search">An address, or a recipient's id; empty: all.</param>
    public IReadOnlyList<SuppressedAddress> List(string search, int skip, int take)
    {
        using var command = database.CreateCommand(
            $"SELECT s.site, s.address, s.reason, s.detail, s.created_at FROM notifier.suppression s WHERE {Matches} ORDER BY s.created_at DESC, s.site, s.address OFFSET $2 LIMIT $3");
        command.Parameters.AddWithValue(search);
        command.Parameters.AddWithValue(skip);
        command.Parameters.AddWithValue(take);
        using var reader = command.ExecuteReader();
        var rows = new List<SuppressedAddress>();
        while (reader.Read()) rows.Add(new SuppressedAddress(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.Time(4)));
        return rows;
    }

    public long Count(string search)
    {
        using var command = database.CreateCommand($"SELECT count(*) FROM (SELECT FROM notifier.suppression s WHERE {Matches} LIMIT {PendingEmailStore.CountCap}) AS counted");
        command.Parameters.AddWithValue(search);
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>Mail may go there again: what bounced before no longer counts, and what is open of the person is decided anew.</summary>
    public async Task<bool> ReleaseAsync(string site, string address, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            WITH released AS (DELETE FROM notifier.suppression WHERE site = $1 AND address = $2 RETURNING site, address),
                 forgiven AS (UPDATE notifier.bounce b SET verdict = 'released' FROM released r WHERE b.site = r.site AND b.address = r.address AND b.verdict = 'score')
            SELECT notifier.now(), ARRAY(SELECT id FROM notifier.recipient WHERE site = r.site AND lower(email) = r.address) FROM released r
            """, connection)
        { Parameters = { new() { Value = site }, new() { Value = address } } };
        DateTimeOffset now;
        RecipientKey[] people;
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            if (!await reader.ReadAsync(cancellation)) return false;
            (now, people) = (reader.Time(0), [.. reader.GetFieldValue<string[]>(1).Select(id => new RecipientKey(site, id))]);
        }
        if (people.Length > 0) await InboxStore.PostChangedAsync(connection, now, people, cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    private const string Matches = "($1 = '' OR s.address = lower($1) OR EXISTS (SELECT FROM notifier.recipient r WHERE r.site = s.site AND r.id = $1 AND lower(r.email) = s.address))";
}

/// <param name="Reason"><c>refused</c> at RCPT, or <c>bounced</c> later.</param>
/// <param name="Detail">The server's words.</param>
internal sealed record SuppressedAddress(string Site, string Address, string Reason, string Detail, DateTimeOffset Since);

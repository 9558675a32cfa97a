using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>The addresses that no mail goes to, for people to look at and release. Reads without async, as <see cref="PendingEmailStore"/> does.</summary>
internal sealed class SuppressionStore(NpgsqlDataSource database)
{
    /// <summary>Newest first, from one on.</summary>
    /// <param name="before">The id of the last one that was shown.</param>
    /// <param name="take">How many at most.</param>
    public IReadOnlyList<SuppressedAddress> List(long before, int take) =>
        Read("SELECT id, site, address, reason, detail, created_at FROM notifier.suppression WHERE id < $1 ORDER BY id DESC LIMIT $2", before, take);

    /// <summary>Those of an address, or of a recipient's id, at whatever site: one probe for each.</summary>
    public IReadOnlyList<SuppressedAddress> Find(string search) => Read(
        """
        WITH RECURSIVE site AS (
          (SELECT site FROM notifier.suppression ORDER BY site LIMIT 1)
          UNION ALL
          SELECT (SELECT n.site FROM notifier.suppression n WHERE n.site > s.site ORDER BY n.site LIMIT 1) FROM site s WHERE s.site IS NOT NULL)
        SELECT s.id, s.site, s.address, s.reason, s.detail, s.created_at
        FROM site JOIN LATERAL (VALUES (lower($1)), ((SELECT lower(r.email) FROM notifier.recipient r WHERE r.site = site.site AND r.id = $1))) AS wanted(address) ON true
        JOIN notifier.suppression s ON s.site = site.site AND s.address = wanted.address ORDER BY s.id DESC
        """, search);

    private List<SuppressedAddress> Read(string sql, params object[] parameters)
    {
        using var command = database.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.AddWithValue(parameter);
        using var reader = command.ExecuteReader();
        var rows = new List<SuppressedAddress>();
        while (reader.Read()) rows.Add(new SuppressedAddress(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.Time(5)));
        return rows;
    }

    /// <summary>Mail may go there again: what bounced before no longer counts, and what is open of the person is decided anew.</summary>
    public async Task<bool> ReleaseAsync(long id, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            WITH released AS (DELETE FROM notifier.suppression WHERE id = $1 RETURNING site, address),
                 forgiven AS (UPDATE notifier.bounce b SET verdict = 'released' FROM released r WHERE b.site = r.site AND b.address = r.address AND b.verdict = 'score')
            SELECT notifier.now(), r.site, ARRAY(SELECT id FROM notifier.recipient WHERE site = r.site AND lower(email) = r.address) FROM released r
            """, connection)
        { Parameters = { new() { Value = id } } };
        DateTimeOffset now;
        RecipientKey[] people;
        await using (var reader = await command.ExecuteReaderAsync(cancellation))
        {
            if (!await reader.ReadAsync(cancellation)) return false;
            (now, people) = (reader.Time(0), [.. reader.GetFieldValue<string[]>(2).Select(person => new RecipientKey(reader.GetString(1), person))]);
        }
        if (people.Length > 0) await InboxStore.PostChangedAsync(connection, now, people, cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }
}

/// <param name="Reason"><c>refused</c> at RCPT, or <c>bounced</c> later.</param>
/// <param name="Detail">The server's words.</param>
internal sealed record SuppressedAddress(long Id, string Site, string Address, string Reason, string Detail, DateTimeOffset Since);

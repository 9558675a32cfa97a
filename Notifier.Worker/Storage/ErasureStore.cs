using Notifier.Domain;
using Notifier.Worker.Recipients;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>
/// Erases a person: everything that is theirs, and their part in what belongs to several. A message they wrote is kept, without its sender, only as long as
/// somebody has it unseen; one that was written to them goes unless somebody else has. What an id, a title or a text of others says of the person cannot be
/// known here, and goes when content does, after 30 days. Twice does no harm, and a first time that was cut short is made good by the second.
/// </summary>
internal sealed class ErasureStore(NpgsqlDataSource database)
{
    /// <summary>Events that wait, and messages of a sender, have no index by person: they are searched so only here.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public async Task EraseAsync(RecipientKey person, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using (var transaction = await connection.BeginTransactionAsync(cancellation))
        {
            // No turn of the person's shard is under way beside it, to write rows of theirs from what it has loaded. No event is posted: nothing of theirs is left to decide.
            await ShardLock.TakeAsync(connection, Shard.Of(person.Site, person.Recipient), cancellation);
            await FilterAsync(connection, "inbox", "$1::text IS NOT NULL", person, cancellation);
            await FilterAsync(connection, "dead_letter", "coalesce(site, $1) = $1", person, cancellation);
            await using var batch = new NpgsqlBatch(connection);
            foreach (var statement in Theirs) batch.BatchCommands.Add(Statement(statement, person));
            await batch.ExecuteNonQueryAsync(cancellation);
            await transaction.CommitAsync(cancellation);
        }

        // The long searches: after the state is gone, so that they need not hold up the shard.
        await using (var transaction = await connection.BeginTransactionAsync(cancellation))
        {
            await using var batch = new NpgsqlBatch(connection) { Timeout = (int)Patience.TotalSeconds };
            foreach (var statement in Traces) batch.BatchCommands.Add(Statement(statement, person));
            await batch.ExecuteNonQueryAsync(cancellation);
            await transaction.CommitAsync(cancellation);
        }
    }

    private static NpgsqlBatchCommand Statement(string sql, RecipientKey person) => new(sql)
    {
        Parameters = { new() { Value = person.Site }, new() { Value = person.Recipient } },
    };

    /// <summary>In this order: what a sender of push messages or emails reads goes first.</summary>
    private static readonly string[] Theirs =
    [
        "DELETE FROM notifier.push_outbox WHERE site = $1 AND recipient = $2",
        "DELETE FROM notifier.push_subscription WHERE site = $1 AND recipient = $2",
        "DELETE FROM notifier.email_attempt WHERE site = $1 AND recipient = $2",
        "DELETE FROM notifier.presence WHERE site = $1 AND recipient = $2",
        "DELETE FROM notifier.seen_mark WHERE site = $1 AND recipient = $2",
        "DELETE FROM notifier.escalation WHERE site = $1 AND recipient = $2",
        Content("DELETE FROM notifier.escalation_message WHERE site = $1 AND recipient = $2 RETURNING message"),
        // An address that another person of the site has stays as it is.
        """
        DELETE FROM notifier.suppression s USING notifier.recipient r
        WHERE r.site = $1 AND r.id = $2 AND s.site = r.site AND s.address = lower(r.email)
          AND NOT EXISTS (SELECT FROM notifier.recipient o WHERE o.site = r.site AND o.id <> r.id AND lower(o.email) = s.address)
        """,
        """
        DELETE FROM notifier.bounce b USING notifier.recipient r
        WHERE r.site = $1 AND r.id = $2 AND b.site = r.site AND b.address = lower(r.email)
          AND NOT EXISTS (SELECT FROM notifier.recipient o WHERE o.site = r.site AND o.id <> r.id AND lower(o.email) = b.address)
        """,
        "DELETE FROM notifier.recipient WHERE site = $1 AND id = $2",
        "SELECT relay.erase($1, $2)",
    ];

    private static readonly string[] Traces =
    [
        Content("DELETE FROM notifier.trace WHERE site = $1 AND recipient = $2 RETURNING message"),
        Content("SELECT id FROM notifier.message WHERE site = $1 AND sender_id = $2"),
        // Rows are locked in the order of their keys, as turns do.
        $"""
        UPDATE notifier.message m SET sender_id = '{ErasedEvent.SenderId}', sender_name = '{ErasedEvent.SenderName}'
        FROM (SELECT site, id FROM notifier.message WHERE site = $1 AND sender_id = $2 ORDER BY 1, 2 FOR UPDATE) AS theirs
        WHERE m.site = theirs.site AND m.id = theirs.id
        """,
    ];

    /// <summary>
    /// Lets go of the content of some messages, save those that another person has unseen. Of a deleted message the empty row stays: should a part of it still wait in
    /// the inbox, the deletion must be known.
    /// </summary>
    private static string Content(string messages)
    {
        const string Free =
            """
            m.site = $1 AND NOT EXISTS (SELECT FROM notifier.escalation_message o WHERE o.site = m.site AND o.message = m.id AND o.recipient <> $2)
            """;
        return $"""
            WITH theirs(id) AS ({messages}),
                 free AS (SELECT m.site, m.id, m.deleted_at FROM notifier.message m WHERE m.id IN (SELECT id FROM theirs) AND {Free} ORDER BY 1, 2 FOR UPDATE),
                 emptied AS (UPDATE notifier.message m SET text = NULL, sealed = NULL, title = NULL, url = NULL, sender_id = '{ErasedEvent.SenderId}', sender_name = NULL
                             FROM free WHERE m.site = free.site AND m.id = free.id AND free.deleted_at IS NOT NULL)
            DELETE FROM notifier.message m USING free WHERE m.site = free.site AND m.id = free.id AND free.deleted_at IS NULL
            """;
    }

    /// <summary>Takes the person out of events. Rows that a turn takes meanwhile are in the tables when what follows looks there.</summary>
    /// <param name="sites">Which rows are, or may be, of the site $1.</param>
    private static async Task FilterAsync(NpgsqlConnection connection, string table, string sites, RecipientKey person, CancellationToken cancellation)
    {
        List<long> dropped = [];
        List<(long Id, string Body)> changed = [];
        // JSON may write any character as an escape: where there is one, only a reader can tell.
        await using (var search = new NpgsqlCommand(
            $"""SELECT id, body FROM notifier.{table} WHERE {sites} AND (strpos(body, $2) > 0 OR strpos(body, '\') > 0) ORDER BY id""", connection)
        { Parameters = { new() { Value = person.Site }, new() { Value = person.Recipient } } })
        await using (var reader = await search.ExecuteReaderAsync(cancellation))
            while (await reader.ReadAsync(cancellation))
            {
                var body = reader.GetString(1);
                var left = ErasedEvent.Without(body, person);
                if (left is null) dropped.Add(reader.GetInt64(0));
                else if (!ReferenceEquals(left, body)) changed.Add((reader.GetInt64(0), left));
            }

        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(new($"DELETE FROM notifier.{table} WHERE id = ANY ($1)") { Parameters = { new() { Value = dropped.ToArray() } } });
        batch.BatchCommands.Add(new($"UPDATE notifier.{table} t SET body = n.body FROM unnest($1, $2) AS n(id, body) WHERE t.id = n.id")
        { Parameters = { Column.Of(changed, c => c.Id), Column.Of(changed, c => c.Body) } });
        await batch.ExecuteNonQueryAsync(cancellation);
    }
}

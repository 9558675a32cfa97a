using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What cannot be used, kept whole with its reason, to be listed and replayed.</summary>
internal sealed class DeadLetterStore
{
    public static NpgsqlBatchCommand Keep(IReadOnlyCollection<DeadLetter> letters) => new(
        """
        INSERT INTO notifier.dead_letter (site, kind, source, event_id, reason, detail, body)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7)
        """)
    {
        Parameters =
        {
            Column.Of(letters, l => l.Site), Column.Of(letters, l => l.Kind), Column.Of(letters, l => l.Source), Column.Of(letters, l => l.EventId),
            Column.Of(letters, l => l.Reason), Column.Of(letters, l => l.Detail), Column.Of(letters, l => l.Body),
        },
    };
}

using System.Text.Json;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>Emails that are decided, and what became of each.</summary>
internal sealed class EmailAttemptStore
{
    public static NpgsqlBatchCommand Order(IReadOnlyCollection<EmailOrder> orders) => new(
        """
        INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations)
        SELECT n.id, n.message_id, n.site, n.recipient, ARRAY(SELECT jsonb_array_elements_text(n.conversations))
        FROM unnest($1, $2, $3, $4, $5) AS n(id, message_id, site, recipient, conversations)
        """)
    {
        Parameters =
        {
            Column.Of(orders, o => o.Id), Column.Of(orders, o => o.MessageId), Column.Of(orders, o => o.Recipient.Site), Column.Of(orders, o => o.Recipient.Recipient),
            Column.Json(orders, o => JsonSerializer.Serialize(o.Conversations)), // an array of arrays of different lengths is none in PostgreSQL
        },
    };
}

using Notifier.Domain;
using Npgsql;
using NpgsqlTypes;

namespace Notifier.Worker.Storage;

/// <summary>
/// Writes a turn: at most one statement per table, whatever the size of the batch. Rows that other shards may write too (content, nodes)
/// are locked in the order of their keys, so that two turns never wait for each other.
/// </summary>
internal sealed class TurnStore
{
    public static async Task SaveAsync(NpgsqlConnection connection, TurnChanges changes, TimeSpan pushTtl, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Plans.Kept() } };
        if (changes.Messages.Count > 0) batch.BatchCommands.Add(Messages(changes.Messages));
        if (changes.Edits.Count > 0) batch.BatchCommands.Add(Edits(changes.Edits));
        if (changes.Deletions.Count > 0) batch.BatchCommands.Add(Deletions(changes.Deletions));
        if (changes.NodeLeases.Count > 0) batch.BatchCommands.Add(NodeLeases(changes.NodeLeases));
        if (changes.Presence.Count > 0) batch.BatchCommands.Add(Presence(changes.Presence));
        if (changes.SeenMarks.Count > 0) batch.BatchCommands.Add(SeenMarks(changes.SeenMarks));
        if (changes.Escalations.Count > 0) batch.BatchCommands.Add(Escalations(changes.Escalations));
        if (changes.UnseenMessages.Count > 0) batch.BatchCommands.Add(UnseenMessages(changes.UnseenMessages));
        if (changes.Pushes.Count > 0) batch.BatchCommands.Add(PushOutboxStore.Order(changes.Pushes, pushTtl));
        if (changes.Trace.Count > 0) batch.BatchCommands.Add(TraceStore.Write(changes.Trace));
        if (changes.DeadLetters.Count > 0) batch.BatchCommands.Add(DeadLetterStore.Keep(changes.DeadLetters));
        batch.BatchCommands.Add(Plans.Anew());
        if (changes.Forgotten.Count > 0) batch.BatchCommands.Add(PushOutboxStore.Forget(changes.Forgotten, pushTtl)); // after the seen marks, whose device it asks for
        if (changes.TakenAlong.Count > 0) batch.BatchCommands.Add(UnseenMessageStore.TakeAlong(changes.TakenAlong)); // after those that were decided one by one
        if (changes.Emails.Count > 0) batch.BatchCommands.Add(EmailAttemptStore.Order(changes.Emails));
        if (batch.BatchCommands.Count > 2) await batch.ExecuteNonQueryAsync(cancellation);
    }

    private static NpgsqlBatchCommand Messages(List<(string Site, MessageContent Content)> messages)
    {
        var rows = messages.DistinctBy(m => (m.Site, m.Content.Id)).ToArray();
        // What an edit or a deletion left here before the message came is filled up; a message that is here already stays as it is.
        return new NpgsqlBatchCommand(
            $"""
            INSERT INTO notifier.message AS m (site, id, conversation, seq, kind, title, sender_id, sender_name, text, sealed, url, urgent, sent_at, expires_at, traceparent)
            SELECT * FROM {Column.Rows("site", "id", "conversation", "seq", "kind", "title", "sender_id", "sender_name", "text", "sealed", "url", "urgent", "sent_at", "expires_at", "traceparent")} AS n
            ORDER BY site, id
            ON CONFLICT (site, id) DO UPDATE SET
              kind = excluded.kind, title = excluded.title, sender_id = excluded.sender_id, sender_name = excluded.sender_name, url = excluded.url,
              urgent = excluded.urgent, sent_at = excluded.sent_at, expires_at = excluded.expires_at, traceparent = excluded.traceparent,
              text = CASE WHEN m.edited_at IS NULL THEN excluded.text ELSE m.text END,
              sealed = CASE WHEN m.edited_at IS NULL THEN excluded.sealed ELSE m.sealed END
            WHERE m.sent_at IS NULL
            """)
        {
            Parameters =
            {
                Of(rows, r => r.Site), Of(rows, r => r.Content.Id), Of(rows, r => r.Content.Conversation), Of(rows, r => r.Content.Seq), Of(rows, r => (short)r.Content.Kind),
                Of(rows, r => r.Content.Title), Of(rows, r => r.Content.SenderId), Of(rows, r => r.Content.SenderName), Of(rows, r => r.Content.Text),
                Of(rows, r => r.Content.Sealed), Of(rows, r => r.Content.Url), Of(rows, r => r.Content.Urgent), Of(rows, r => r.Content.SentAt), Of(rows, r => r.Content.ExpiresAt),
                Of(rows, r => r.Content.TraceParent),
            },
        };
    }

    private static NpgsqlBatchCommand Edits(List<RelayEvent.MessageEdited> edits)
    {
        // The newest edit wins, in the batch and in the table; at the same moment the greater text, so that order cannot matter.
        var rows = edits.GroupBy(e => (e.Site, e.Message)).Select(g => g.OrderBy(e => e.At).ThenBy(e => e.Text ?? e.Sealed, StringComparer.Ordinal).Last()).ToArray();
        return new NpgsqlBatchCommand(
            $"""
            INSERT INTO notifier.message AS m (site, id, conversation, seq, text, sealed, edited_at)
            SELECT * FROM {Column.Rows("site", "id", "conversation", "seq", "text", "sealed", "edited_at")} AS n ORDER BY site, id
            ON CONFLICT (site, id) DO UPDATE SET text = excluded.text, sealed = excluded.sealed, edited_at = excluded.edited_at
            WHERE (excluded.edited_at, coalesce(excluded.text, excluded.sealed) COLLATE "C") > (coalesce(m.edited_at, '-infinity'), coalesce(m.text, m.sealed, '') COLLATE "C")
            """)
        {
            Parameters =
            {
                Of(rows, r => r.Site), Of(rows, r => r.Message), Of(rows, r => r.Conversation), Of(rows, r => r.Seq), Of(rows, r => r.Text), Of(rows, r => r.Sealed), Of(rows, r => r.At),
            },
        };
    }

    private static NpgsqlBatchCommand Deletions(List<RelayEvent.MessageDeleted> deletions)
    {
        var rows = deletions.DistinctBy(d => (d.Site, d.Message)).ToArray();
        return new NpgsqlBatchCommand(
            $"""
            INSERT INTO notifier.message AS m (site, id, conversation, seq, deleted_at)
            SELECT * FROM {Column.Rows("site", "id", "conversation", "seq", "deleted_at")} AS n ORDER BY site, id
            ON CONFLICT (site, id) DO UPDATE SET deleted_at = least(m.deleted_at, excluded.deleted_at)
            """)
        { Parameters = { Of(rows, r => r.Site), Of(rows, r => r.Message), Of(rows, r => r.Conversation), Of(rows, r => r.Seq), Of(rows, r => r.At) } };
    }

    private static NpgsqlBatchCommand NodeLeases(List<(string Site, string Node, DateTimeOffset Until)> leases)
    {
        var rows = leases.GroupBy(l => (l.Site, l.Node)).Select(g => g.MaxBy(l => l.Until)).ToArray();
        return new NpgsqlBatchCommand(
            $"""
            INSERT INTO notifier.relay_node AS n (site, node, lease_until)
            SELECT * FROM {Column.Rows("site", "node", "lease_until")} AS l ORDER BY site, node
            ON CONFLICT (site, node) DO UPDATE SET lease_until = greatest(n.lease_until, excluded.lease_until)
            """)
        { Parameters = { Of(rows, r => r.Site), Of(rows, r => r.Node), Of(rows, r => r.Until) } };
    }

    private static NpgsqlBatchCommand Presence(Dictionary<(RecipientKey Recipient, string Node), PresenceReport> reports) => new(
        $"""
        INSERT INTO notifier.presence AS p (site, recipient, node, state, conversation, at, received_at, last_active_at)
        SELECT * FROM {Column.Rows("site", "recipient", "node", "state", "conversation", "at", "received_at", "last_active_at")} AS n
        ON CONFLICT (site, recipient, node) DO UPDATE SET
          state = excluded.state, conversation = excluded.conversation, at = excluded.at, received_at = excluded.received_at, last_active_at = excluded.last_active_at
        """)
    {
        Parameters =
        {
            Of(reports, r => r.Key.Recipient.Site), Of(reports, r => r.Key.Recipient.Recipient), Of(reports, r => r.Key.Node), Of(reports, r => (short)r.Value.State),
            Of(reports, r => r.Value.Conversation), Of(reports, r => r.Value.At), Of(reports, r => r.Value.ReceivedAt), Of(reports, r => r.Value.LastActiveAt),
        },
    };

    private static NpgsqlBatchCommand SeenMarks(List<(ConversationKey Key, ConversationState State, string? Device)> marks) => new(
        $"""
        INSERT INTO notifier.seen_mark AS m (site, recipient, conversation, seq, seen_at, active_at, device)
        SELECT * FROM {Column.Rows("site", "recipient", "conversation", "seq", "seen_at", "active_at", "device")} AS n
        ON CONFLICT (site, recipient, conversation) DO UPDATE SET
          seq = greatest(m.seq, excluded.seq), seen_at = greatest(m.seen_at, excluded.seen_at), active_at = greatest(m.active_at, excluded.active_at),
          device = CASE WHEN excluded.seq > m.seq THEN excluded.device ELSE m.device END
        """)
    {
        Parameters =
        {
            Of(marks, m => m.Key.Site), Of(marks, m => m.Key.Recipient), Of(marks, m => m.Key.Conversation),
            Of(marks, m => m.State.SeenUpTo), Of(marks, m => m.State.SeenAt), Of(marks, m => m.State.ActiveAt), Of(marks, m => m.Device),
        },
    };

    private static NpgsqlBatchCommand Escalations(List<(ConversationKey Key, EscalationRow Row)> rows) => new(
        $"""
        INSERT INTO notifier.escalation AS e
          (site, recipient, conversation, id, shard, opened_at, closed_at, push_at, email_at, email_attempt, email_level, last_email_at, emails)
        SELECT n.site, n.recipient, n.conversation, n.id, n.shard, notifier.now(), CASE WHEN NOT n.open THEN notifier.now() END,
               n.push_at, n.email_at, n.email_attempt, n.email_level, n.last_email_at, n.emails
        FROM {Column.Rows("site", "recipient", "conversation", "id", "shard", "open", "push_at", "email_at", "email_attempt", "email_level", "last_email_at", "emails")} AS n
        ON CONFLICT (site, recipient, conversation) DO UPDATE SET
          opened_at = CASE WHEN e.closed_at IS NOT NULL AND excluded.closed_at IS NULL THEN excluded.opened_at ELSE e.opened_at END,
          closed_at = excluded.closed_at, push_at = excluded.push_at, email_at = excluded.email_at, email_attempt = excluded.email_attempt,
          email_level = excluded.email_level, last_email_at = excluded.last_email_at, emails = excluded.emails
        """)
    {
        Parameters =
        {
            Of(rows, r => r.Key.Site), Of(rows, r => r.Key.Recipient), Of(rows, r => r.Key.Conversation), Of(rows, r => r.Row.Id),
            Of(rows, r => Shard.Of(r.Key.Site, r.Key.Recipient)), Of(rows, r => r.Row.Open), Of(rows, r => r.Row.PushAt), Of(rows, r => r.Row.EmailAt),
            Of(rows, r => r.Row.State.EmailAttempt), Of(rows, r => r.Row.State.EmailLevel), Of(rows, r => r.Row.State.LastEmailAt), Of(rows, r => r.Row.Emails),
        },
    };

    private static NpgsqlBatchCommand UnseenMessages(List<(ConversationKey Key, UnseenMessage Message)> rows) => new(
        $"""
        INSERT INTO notifier.escalation_message AS m
          (site, recipient, conversation, message, seq, outcome, presence, active_here, mentioned, reported_at, received_at, last_activity,
           push_verdict, push_reason, email_verdict, email_reason)
        SELECT * FROM {Column.Rows(
          "site", "recipient", "conversation", "message", "seq", "outcome", "presence", "active_here", "mentioned", "reported_at", "received_at", "last_activity", "push_verdict",
          "push_reason", "email_verdict", "email_reason")} AS n
        ORDER BY site, recipient, message
        ON CONFLICT (site, recipient, message) DO UPDATE SET
          outcome = excluded.outcome, presence = excluded.presence, active_here = excluded.active_here, mentioned = excluded.mentioned,
          reported_at = excluded.reported_at, received_at = excluded.received_at, last_activity = excluded.last_activity,
          -- The push sender writes how its push message ended, and does not own the shard: what it wrote stays.
          push_verdict = CASE WHEN m.push_verdict > {(int)Verdict.Send} THEN m.push_verdict ELSE excluded.push_verdict END,
          push_reason = CASE WHEN m.push_verdict > {(int)Verdict.Send} THEN m.push_reason ELSE excluded.push_reason END,
          email_verdict = excluded.email_verdict, email_reason = excluded.email_reason
        """)
    {
        Parameters =
        {
            Of(rows, r => r.Key.Site), Of(rows, r => r.Key.Recipient), Of(rows, r => r.Key.Conversation), Of(rows, r => r.Message.Id), Of(rows, r => r.Message.Seq),
            Of(rows, r => (short)r.Message.Outcome), Of(rows, r => (short)r.Message.Presence), Of(rows, r => r.Message.ActiveHere), Of(rows, r => r.Message.Mentioned),
            Of(rows, r => r.Message.ReportedAt), Of(rows, r => r.Message.ReceivedAt), Of(rows, r => r.Message.LastActivity),
            Of(rows, r => (short?)r.Message.Push?.Verdict), Of(rows, r => (short?)r.Message.Push?.Reason),
            Of(rows, r => (short?)r.Message.Email?.Verdict), Of(rows, r => (short?)r.Message.Email?.Reason),
        },
    };

    private static NpgsqlParameter Of<TRow, T>(IReadOnlyCollection<TRow> rows, Func<TRow, T> column) => Column.Of(rows, column);
}

/// <summary>One column of many rows, as an array for <c>unnest</c>.</summary>
internal static class Column
{
    public static NpgsqlParameter Of<TRow, T>(IReadOnlyCollection<TRow> rows, Func<TRow, T> column)
    {
        var values = new T[rows.Count];
        var i = 0;
        foreach (var row in rows) values[i++] = column(row);
        return new NpgsqlParameter { Value = values };
    }

    /// <summary>Text that is in UTF-8 already.</summary>
    public static NpgsqlParameter Utf8<TRow>(IReadOnlyCollection<TRow> rows, Func<TRow, byte[]> column) =>
        new() { Value = rows.Select(column).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    /// <summary>
    /// The arrays <c>$1</c>, <c>$2</c>, … side by side as rows, for FROM. In a select list PostgreSQL reads them together, one row at a time; from <c>FROM unnest($1, $2)</c> it would
    /// first make a table of each.
    /// </summary>
    public static string Rows(params ReadOnlySpan<string> names)
    {
        var columns = new List<string>(names.Length);
        foreach (var name in names) columns.Add($"unnest(${columns.Count + 1}) AS {name}");
        return $"(SELECT {string.Join(", ", columns)})";
    }

    /// <summary>The same, and <c>n</c> counts the rows from 0.</summary>
    public static string NumberedRows(params ReadOnlySpan<string> names) => $"{Rows(names)[..^1]}, generate_series(0, cardinality($1) - 1) AS n)";

    public static NpgsqlParameter Json<TRow>(IReadOnlyCollection<TRow> rows, Func<TRow, string?> column) =>
        new() { Value = rows.Select(column).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb };
}

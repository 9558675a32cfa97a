using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>
/// Loads unseen messages. A conversation with more than <see cref="Crowd"/> of them costs a turn no more than one with so many: of a crowded one come those that can decide when, and
/// whether, the person is told. Its first on each rung, since the first that is due takes the later ones along; its newest, which asks for quiet; whatever is urgent or names the
/// person, and so may be due before the first; and those that the events speak of.
/// </summary>
internal static class UnseenMessageStore
{
    /// <summary>So many messages are loaded whole; and so many of each kind of a crowded conversation.</summary>
    internal const int Crowd = 500;

    private const string IsOpenOnPush = $"coalesce(e.push_verdict, {Waits}) = {Waits}";
    private const string IsOpenOnEmail = $"coalesce(e.email_verdict, {Waits}) <= {Sends}"; // one that was handed to an email is asked about once more, at the last moment
    private const string IsOpen = $"(coalesce(e.push_verdict, {Waits}) <= {Sends} OR {IsOpenOnEmail})";
    private const string Waits = "0", Sends = "1"; // Verdict

    private const string Columns =
        """
        em.site, em.recipient, em.conversation, em.message, em.seq, m.kind, em.outcome, em.presence, em.active_here, em.mentioned, m.urgent,
        m.sender_id = em.recipient, m.deleted_at IS NOT NULL, m.sent_at, em.reported_at, em.received_at, em.last_activity, m.expires_at,
        em.push_verdict, em.push_reason, em.email_verdict, em.email_reason
        """;

    private const string Theirs = "e.site = k.site AND e.recipient = k.recipient AND e.conversation = k.conversation";

    /// <summary>One more than a crowd tells that it is one.</summary>
    public static NpgsqlBatchCommand Messages(LadderQuery query, IReadOnlyCollection<ConversationKey> conversations) => new(
        $"""
        SELECT {Columns}
        FROM {Column.Rows("site", "recipient", "conversation", "everything", "entire")} AS k
        -- From the person, whatever PostgreSQL knows of the tables: by the message first, one that went to 10,000 people is 10,000 rows for each of them.
        CROSS JOIN LATERAL (
          SELECT * FROM notifier.escalation_message e WHERE {Theirs} AND (k.everything OR e.message = ANY ($6) OR {IsOpen})
          ORDER BY e.seq LIMIT CASE WHEN NOT k.entire THEN {Crowd} + 1 END) AS em
        CROSS JOIN LATERAL (SELECT * FROM notifier.message m WHERE m.site = em.site AND m.id = em.message OFFSET 0) AS m
        ORDER BY em.seq, em.message
        """)
    {
        Parameters =
        {
            Column.Of(conversations, c => c.Site), Column.Of(conversations, c => c.Recipient), Column.Of(conversations, c => c.Conversation),
            Column.Of(conversations, c => query.Conversations[c].All), Column.Of(conversations, c => query.Conversations[c] == Extent.Entire), Column.Of(query.Messages, m => m.Message),
        },
    };

    /// <summary>Puts what deciding takes in the place of the crowd's beginning.</summary>
    public static async Task LoadCrowdedAsync(
        NpgsqlConnection connection, LadderQuery query, IReadOnlyCollection<ConversationKey> conversations, LadderState state, CancellationToken cancellation)
    {
        state.Crowded.UnionWith(conversations.Where(c => query.Conversations[c] != Extent.Entire && state.Escalations[c].State.Unseen.Count > Crowd));
        if (state.Crowded.Count == 0) return;

        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { Plans.ByIndex(), Crowded(query, state.Crowded) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await ReadAsync(reader, state, cancellation);
    }

    private static NpgsqlBatchCommand Crowded(LadderQuery query, HashSet<ConversationKey> crowded) => new(
        $"""
        SELECT {Columns}
        FROM {Column.Rows("site", "recipient", "conversation", "newest", "up_to")} AS k
        CROSS JOIN LATERAL (
          (SELECT e.* FROM notifier.escalation_message e WHERE {Theirs} AND {IsOpenOnPush} ORDER BY e.seq LIMIT {Crowd})
          UNION (SELECT e.* FROM notifier.escalation_message e WHERE {Theirs} AND {IsOpenOnEmail} ORDER BY e.seq LIMIT {Crowd})
          UNION (SELECT e.* FROM notifier.escalation_message e WHERE {Theirs} ORDER BY e.seq DESC LIMIT 1)
          UNION (SELECT e.* FROM notifier.escalation_message e JOIN notifier.message d ON d.site = e.site AND d.id = e.message
                 WHERE {Theirs} AND d.deleted_at IS NULL ORDER BY e.seq DESC LIMIT k.newest)
          UNION (SELECT e.* FROM notifier.escalation_message e WHERE {Theirs} AND e.mentioned AND {IsOpen} ORDER BY e.seq LIMIT {Crowd})
          UNION (SELECT e.* FROM notifier.message p JOIN notifier.escalation_message e ON e.site = p.site AND e.message = p.id AND e.recipient = k.recipient
                 WHERE p.site = k.site AND p.conversation = k.conversation AND (p.urgent OR p.kind = {(int)MessageKind.Mention}) AND {IsOpen} ORDER BY p.seq LIMIT {Crowd})
          UNION (SELECT e.* FROM notifier.escalation_message e WHERE {Theirs} AND e.seq <= k.up_to)
          UNION (SELECT e.* FROM notifier.escalation_message e WHERE {Theirs} AND e.message = ANY ($6))) AS em
        JOIN notifier.message m ON m.site = em.site AND m.id = em.message
        ORDER BY em.seq, em.message
        """)
    {
        Parameters =
        {
            Column.Of(crowded, c => c.Site), Column.Of(crowded, c => c.Recipient), Column.Of(crowded, c => c.Conversation),
            Column.Of(crowded, c => query.Conversations[c].All ? Crowd : 1), Column.Of(crowded, c => query.Conversations[c].UpTo), Column.Of(query.Messages, m => m.Message),
        },
    };

    public static async Task ReadAsync(NpgsqlDataReader reader, LadderState state, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        var unseen = new Dictionary<ConversationKey, List<UnseenMessage>>();
        while (await reader.ReadAsync(cancellation))
        {
            var key = new ConversationKey(reader.GetString(0), reader.GetString(1), reader.GetString(2));
            (unseen.TryGetValue(key, out var list) ? list : unseen[key] = []).Add(new UnseenMessage(
                reader.GetString(3), reader.GetInt64(4), (MessageKind)reader.GetInt16(5), (DeliveryOutcome)reader.GetInt16(6), (Presence)reader.GetInt16(7),
                ActiveHere: reader.GetBoolean(8), Mentioned: reader.GetBoolean(9), Urgent: reader.GetBoolean(10), Own: reader.GetBoolean(11), Deleted: reader.GetBoolean(12),
                SentAt: reader.Time(13), ReportedAt: reader.Time(14), ReceivedAt: reader.Time(15), LastActivity: reader.OptionalTime(16), ExpiresAt: reader.OptionalTime(17),
                Push: RulingAt(reader, 18), Email: RulingAt(reader, 20)));
        }
        foreach (var (key, list) in unseen)
            state.Escalations[key] = state.Escalations[key] with { State = state.Escalations[key].State with { Unseen = list } };
    }

    private static Ruling? RulingAt(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : new Ruling((Verdict)reader.GetInt16(column), (Reason)reader.GetInt16(column + 1));

    /// <summary>
    /// A push message tells of the whole conversation: what waits in a crowd and was not loaded is handed to it as well. After the messages that were decided one by one; what was
    /// deleted meanwhile is left for the gate.
    /// </summary>
    public static NpgsqlBatchCommand TakeAlong(IReadOnlyCollection<(ConversationKey Key, long Escalation)> crowds) => new(
        $"""
        WITH along AS (
          UPDATE notifier.escalation_message e SET push_verdict = {(int)Verdict.Send}, push_reason = {(int)Reason.Unseen}
          FROM {Column.Rows("site", "recipient", "conversation", "escalation")} AS k
          WHERE {Theirs} AND {IsOpenOnPush} AND EXISTS (SELECT FROM notifier.message m WHERE m.site = e.site AND m.id = e.message AND m.deleted_at IS NULL)
          RETURNING e.site, e.recipient, e.conversation, e.message, k.escalation)
        INSERT INTO notifier.trace (at, site, recipient, conversation, message, escalation, push_verdict, push_reason)
        SELECT notifier.now(), site, recipient, conversation, message, escalation, $5, $6 FROM along
        """)
    {
        Parameters =
        {
            Column.Of(crowds, c => c.Key.Site), Column.Of(crowds, c => c.Key.Recipient), Column.Of(crowds, c => c.Key.Conversation), Column.Of(crowds, c => c.Escalation),
            new() { Value = Verdict.Send.Word() }, new() { Value = Reason.Unseen.Word() },
        },
    };
}

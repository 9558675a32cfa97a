using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>What the ladder is asked about: people, and their side of conversations, as of one moment of the database's clock.</summary>
internal sealed class LadderState
{
    public DateTimeOffset Now { get; set; }
    public Dictionary<RecipientKey, RecipientState> Recipients { get; } = [];
    public Dictionary<ConversationKey, EscalationRow> Escalations { get; } = [];

    /// <summary>Of the messages asked for, those that are known: the conversation they were first reported in, and whether they were deleted, perhaps before they came.</summary>
    public Dictionary<(string Site, string Message), (string Conversation, bool Deleted)> Known { get; } = [];

    /// <summary>Conversations of which only a part is here.</summary>
    public HashSet<ConversationKey> Crowded { get; } = [];
}

/// <summary>What to load.</summary>
internal sealed class LadderQuery
{
    /// <summary>The conversations that are decided, and how much of each is loaded.</summary>
    public Dictionary<ConversationKey, Extent> Conversations { get; } = [];

    /// <summary>People that are loaded even without a conversation.</summary>
    public HashSet<RecipientKey> Recipients { get; } = [];

    /// <summary>Messages that are loaded even if they are told on every channel: those that events speak of.</summary>
    public HashSet<(string Site, string Message)> Messages { get; } = [];

    /// <summary>By conversation the highest <c>seq</c> that events bring: what is seen already needs less to be decided.</summary>
    public Dictionary<ConversationKey, long> Arriving { get; } = [];

    public void Add(ConversationKey key, Extent extent = default) =>
        Conversations[key] = Conversations.TryGetValue(key, out var before) ? before.With(extent) : extent;

    public void Arrive(ConversationKey key, long seq)
    {
        Add(key);
        if (!Arriving.TryGetValue(key, out var before) || seq > before) Arriving[key] = seq;
    }
}

/// <summary>How much of a conversation is loaded. By default: the messages that are still open on a rung. Of a crowded one no more than can decide comes (<see cref="UnseenMessageStore"/>).</summary>
/// <param name="All">Every unseen message, also what is told on every rung.</param>
/// <param name="UpTo">However crowded it is, every message up to this <c>seq</c>: each of them is about to change. Null: none.</param>
internal readonly record struct Extent(bool All, long? UpTo)
{
    public static readonly Extent Everything = new(All: true, UpTo: null);

    /// <summary>However crowded it is.</summary>
    public static readonly Extent Entire = new(All: true, UpTo: long.MaxValue);

    public static Extent SeenUpTo(long seq) => new(All: true, seq);

    public Extent With(Extent other) => new(All || other.All, UpTo is null || other.UpTo > UpTo ? other.UpTo ?? UpTo : UpTo);
}

/// <summary>The row of an escalation, with the facts behind it.</summary>
/// <param name="Id">Given for life when the row is written first; 0 until then.</param>
/// <param name="Emails">How many emails were ever begun for it.</param>
internal sealed record EscalationRow(long Id, ConversationState State, DateTimeOffset? PushAt, DateTimeOffset? EmailAt, int Emails, bool Open)
{
    /// <summary>For the trace.</summary>
    public long? Name => Id == 0 ? null : Id;

    /// <summary>The row in the database; null: there is none.</summary>
    public EscalationRow? AsRead { get; init; }

    /// <summary>It has to be written. Most of what is decided changes nothing here: one more message that was seen as it came.</summary>
    public bool IsNews => AsRead is not { } read ? Open
        : (Open, PushAt, EmailAt, Emails, State.EmailAttempt, State.EmailLevel, State.LastEmailAt)
        != (read.Open, read.PushAt, read.EmailAt, read.Emails, read.State.EmailAttempt, read.State.EmailLevel, read.State.LastEmailAt);
}

/// <summary>
/// Loads the state of a whole batch in two round trips, whatever its size: who the people are and where they stand, then what is unseen, of the conversations in which something is; and in
/// a third what is left of those that are crowded. Rows come back with the number of their key in place of the key.
/// </summary>
internal sealed class StateStore
{
    public static async Task<LadderState> LoadAsync(NpgsqlConnection connection, LadderQuery query, CancellationToken cancellation)
    {
        ConversationKey[] conversations = [.. query.Conversations.Keys];
        RecipientKey[] people = [.. conversations.Select(c => c.Owner).Union(query.Recipients)];
        (string Site, string Id)[] messages = [.. query.Messages];
        var state = new LadderState();
        foreach (var key in conversations) state.Escalations[key] = new(0, new() { Conversation = key.Conversation }, null, null, 0, Open: false);

        await using (var batch = new NpgsqlBatch(connection))
        {
            batch.BatchCommands.Add(Plans.ByIndex());
            batch.BatchCommands.Add(Plans.Kept());
            batch.BatchCommands.Add(new("SELECT notifier.now()"));
            batch.BatchCommands.Add(Recipients(people));
            batch.BatchCommands.Add(Presence(people));
            batch.BatchCommands.Add(Escalations(conversations));
            batch.BatchCommands.Add(SeenMarks(conversations));
            if (messages.Length > 0) batch.BatchCommands.Add(Known(messages));
            batch.BatchCommands.Add(Plans.Anew()); // what follows in the transaction
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            await reader.ReadAsync(cancellation);
            state.Now = reader.Time(0);
            await ReadRecipientsAsync(reader, state, people, cancellation);
            await ReadPresenceAsync(reader, state, people, cancellation);
            await ReadEscalationsAsync(reader, state, conversations, cancellation);
            await ReadSeenMarksAsync(reader, state, conversations, cancellation);
            if (messages.Length > 0) await reader.NextResultAsync(cancellation);
            while (messages.Length > 0 && await reader.ReadAsync(cancellation)) state.Known[messages[reader.GetInt32(0)]] = (reader.GetString(1), reader.GetBoolean(2));
        }

        // A conversation that is not open has nothing unseen; and what is seen as it comes is not for an email.
        ConversationKey[] open = [.. conversations.Where(c => state.Escalations[c].Open)];
        RecipientKey[] mailed = [.. open.Concat(query.Arriving.Where(a => a.Value > state.Escalations[a.Key].State.SeenUpTo).Select(a => a.Key)).Select(c => c.Owner).Distinct()];
        if (mailed.Length == 0) return state;
        await using (var batch = new NpgsqlBatch(connection))
        {
            batch.BatchCommands.Add(Plans.ByIndex());
            batch.BatchCommands.Add(Plans.Kept());
            batch.BatchCommands.Add(EmailsLastDay(mailed));
            batch.BatchCommands.Add(UnseenMessageStore.Messages(query, open));
            batch.BatchCommands.Add(Plans.Anew());
            await using var reader = await batch.ExecuteReaderAsync(cancellation);
            await reader.NextResultAsync(cancellation);
            await ReadEmailsAsync(reader, state, mailed, cancellation);
            await UnseenMessageStore.ReadAsync(reader, state, cancellation);
        }
        await UnseenMessageStore.LoadCrowdedAsync(connection, query, open, state, cancellation);
        return state;
    }

    /// <summary>Of the first registered: one without a row is a stranger, who may have a device all the same.</summary>
    private static NpgsqlBatchCommand Recipients(RecipientKey[] people) => new(
        $"""
        SELECT k.n, s.enabled, r.email IS NOT NULL, supp.address IS NOT NULL, r.unsubscribed_at IS NOT NULL, r.time_zone,
               CASE WHEN r.preferences <> '{"{}"}' THEN r.preferences::text END, r.id IS NOT NULL, device.id IS NOT NULL
        FROM {Column.NumberedRows("site", "id")} AS k
        LEFT JOIN LATERAL (SELECT * FROM notifier.site s WHERE s.id = k.site OFFSET 0) AS s ON true
        LEFT JOIN LATERAL (SELECT * FROM notifier.recipient r WHERE r.site = k.site AND r.id = k.id OFFSET 0) AS r ON true
        LEFT JOIN LATERAL (SELECT * FROM notifier.suppression p WHERE p.site = k.site AND p.address = lower(r.email) OFFSET 0) AS supp ON true
        LEFT JOIN LATERAL (SELECT p.id FROM notifier.push_subscription p WHERE p.site = k.site AND p.recipient = k.id LIMIT 1) AS device ON true
        """)
    { Parameters = { Column.Of(people, p => p.Site), Column.Of(people, p => p.Recipient) } };

    private static async Task ReadRecipientsAsync(NpgsqlDataReader reader, LadderState state, RecipientKey[] people, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = people[reader.GetInt32(0)];
            var profile = reader.GetBoolean(7) ? new RecipientProfile(reader.GetBoolean(2), reader.GetBoolean(3), reader.GetBoolean(4), Zone(reader.Text(5)), Preferences(reader.Text(6))) : null;
            state.Recipients[key] = new RecipientState { Key = key, SiteEnabled = reader.IsDBNull(1) || reader.GetBoolean(1), Profile = profile, HasPushSubscription = reader.GetBoolean(8) };
        }
    }

    private static NotificationPreferences Preferences(string? json) => json is null ? NotificationPreferences.Default : NotificationPreferencesReader.ReadStored(json);

    private static TimeZoneInfo Zone(string? id) => id is not null && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : TimeZoneInfo.Utc;

    private static NpgsqlBatchCommand Presence(RecipientKey[] people) => new(
        $"""
        SELECT k.n, p.node, p.state, p.conversation, p.at, p.received_at, p.last_active_at, l.lease_until
        FROM {Column.NumberedRows("site", "id")} AS k
        CROSS JOIN LATERAL (SELECT * FROM notifier.presence p WHERE p.site = k.site AND p.recipient = k.id OFFSET 0) AS p
        LEFT JOIN LATERAL (SELECT * FROM notifier.relay_node l WHERE l.site = p.site AND l.node = p.node OFFSET 0) AS l ON true
        """)
    { Parameters = { Column.Of(people, p => p.Site), Column.Of(people, p => p.Recipient) } };

    private static async Task ReadPresenceAsync(NpgsqlDataReader reader, LadderState state, RecipientKey[] people, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = people[reader.GetInt32(0)];
            var recipient = state.Recipients[key];
            var report = new PresenceReport(
                reader.GetString(1), (Presence)reader.GetInt16(2), reader.Text(3), reader.Time(4), reader.Time(5), reader.OptionalTime(6));
            var leases = reader.OptionalTime(7) is { } until ? new Dictionary<string, DateTimeOffset>(recipient.NodeLeases) { [report.Node] = until } : recipient.NodeLeases;
            state.Recipients[key] = recipient with { Presence = [.. recipient.Presence, report], NodeLeases = leases };
        }
    }

    private static NpgsqlBatchCommand EmailsLastDay(RecipientKey[] people) => new(
        $"""
        SELECT k.n, a.conversations, a.finished_at
        FROM {Column.NumberedRows("site", "id")} AS k
        CROSS JOIN LATERAL (
          SELECT * FROM notifier.email_attempt a
          WHERE a.site = k.site AND a.recipient = k.id AND a.state IN ('sent', 'unknown') AND a.finished_at > notifier.now() - interval '24 hours' OFFSET 0) AS a
        ORDER BY a.finished_at
        """)
    { Parameters = { Column.Of(people, p => p.Site), Column.Of(people, p => p.Recipient) } };

    private static async Task ReadEmailsAsync(NpgsqlDataReader reader, LadderState state, RecipientKey[] people, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var person = people[reader.GetInt32(0)];
            var at = reader.Time(2);
            state.Recipients[person] = state.Recipients[person] with { EmailsLastDay = [.. state.Recipients[person].EmailsLastDay, at] };
            foreach (var conversation in reader.GetFieldValue<string[]>(1))
                if (state.Escalations.TryGetValue(new(person.Site, person.Recipient, conversation), out var row))
                    state.Escalations[new(person.Site, person.Recipient, conversation)] = row with { State = row.State with { EmailsLastDay = [.. row.State.EmailsLastDay, at] } };
        }
    }

    private static NpgsqlBatchCommand Escalations(ConversationKey[] keys) => new(
        $"""
        SELECT k.n, e.id, e.closed_at IS NULL, e.push_at, e.email_at, e.email_attempt, e.email_level, e.last_email_at, e.emails
        FROM {Column.NumberedRows("site", "recipient", "conversation")} AS k
        CROSS JOIN LATERAL (SELECT * FROM notifier.escalation e WHERE e.site = k.site AND e.recipient = k.recipient AND e.conversation = k.conversation OFFSET 0) AS e
        """)
    { Parameters = { Column.Of(keys, k => k.Site), Column.Of(keys, k => k.Recipient), Column.Of(keys, k => k.Conversation) } };

    private static async Task ReadEscalationsAsync(NpgsqlDataReader reader, LadderState state, ConversationKey[] keys, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = keys[reader.GetInt32(0)];
            var conversation = new ConversationState
            {
                Conversation = key.Conversation,
                EmailAttempt = reader.IsDBNull(5) ? null : reader.GetGuid(5),
                EmailLevel = reader.GetInt32(6),
                LastEmailAt = reader.OptionalTime(7),
            };
            var row = new EscalationRow(reader.GetInt64(1), conversation, reader.OptionalTime(3), reader.OptionalTime(4), reader.GetInt32(8), Open: reader.GetBoolean(2));
            state.Escalations[key] = row with { AsRead = row };
        }
    }

    private static NpgsqlBatchCommand SeenMarks(ConversationKey[] keys) => new(
        $"""
        SELECT k.n, m.seq, m.seen_at, m.active_at
        FROM {Column.NumberedRows("site", "recipient", "conversation")} AS k
        CROSS JOIN LATERAL (SELECT * FROM notifier.seen_mark m WHERE m.site = k.site AND m.recipient = k.recipient AND m.conversation = k.conversation OFFSET 0) AS m
        """)
    { Parameters = { Column.Of(keys, k => k.Site), Column.Of(keys, k => k.Recipient), Column.Of(keys, k => k.Conversation) } };

    private static async Task ReadSeenMarksAsync(NpgsqlDataReader reader, LadderState state, ConversationKey[] keys, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = keys[reader.GetInt32(0)];
            var row = state.Escalations[key];
            state.Escalations[key] = row with { State = row.State with { SeenUpTo = reader.GetInt64(1), SeenAt = reader.OptionalTime(2), ActiveAt = reader.OptionalTime(3) } };
        }
    }

    private static NpgsqlBatchCommand Known((string Site, string Id)[] messages) => new(
        $"""
        SELECT k.n, m.conversation, m.deleted_at IS NOT NULL
        FROM {Column.NumberedRows("site", "id")} AS k
        CROSS JOIN LATERAL (SELECT * FROM notifier.message m WHERE m.site = k.site AND m.id = k.id OFFSET 0) AS m
        """)
    { Parameters = { Column.Of(messages, m => m.Site), Column.Of(messages, m => m.Id) } };
}

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

    public void Add(ConversationKey key, Extent extent = default) =>
        Conversations[key] = Conversations.TryGetValue(key, out var before) ? before.With(extent) : extent;
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
/// <param name="Id">Given for life when the row is first thought of.</param>
/// <param name="Emails">How many emails were ever begun for it.</param>
/// <param name="Exists">The row is in the database.</param>
internal sealed record EscalationRow(long Id, ConversationState State, DateTimeOffset? PushAt, DateTimeOffset? EmailAt, int Emails, bool Exists, bool Open);

/// <summary>Loads the state of a whole batch in one round trip, whatever its size; in two where a conversation is crowded.</summary>
internal sealed class StateStore
{
    public static async Task<LadderState> LoadAsync(NpgsqlConnection connection, LadderQuery query, CancellationToken cancellation)
    {
        var conversations = query.Conversations.Keys;
        var recipients = conversations.Select(c => c.Owner).Union(query.Recipients).ToArray();
        string[] people = [.. recipients.Select(r => r.Recipient)], peopleSites = [.. recipients.Select(r => r.Site)];
        string[] sites = [.. conversations.Select(c => c.Site)], owners = [.. conversations.Select(c => c.Recipient)], names = [.. conversations.Select(c => c.Conversation)];

        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Plans.ByIndex());
        batch.BatchCommands.Add(Recipients(peopleSites, people));
        batch.BatchCommands.Add(Presence(peopleSites, people));
        batch.BatchCommands.Add(EmailsLastDay(peopleSites, people));
        batch.BatchCommands.Add(Escalations(sites, owners, names));
        batch.BatchCommands.Add(UnseenMessageStore.Messages(query));
        batch.BatchCommands.Add(Known([.. query.Messages.Select(m => m.Site)], [.. query.Messages.Select(m => m.Message)]));

        var state = new LadderState();
        await using var reader = await batch.ExecuteReaderAsync(cancellation);
        await reader.NextResultAsync(cancellation);
        await ReadRecipientsAsync(reader, state, cancellation);
        await ReadPresenceAsync(reader, state, cancellation);
        var emails = await ReadEmailsAsync(reader, state, cancellation);
        await ReadEscalationsAsync(reader, state, emails, cancellation);
        await reader.NextResultAsync(cancellation);
        await UnseenMessageStore.ReadAsync(reader, state, cancellation);
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) state.Known[(reader.GetString(0), reader.GetString(1))] = (reader.GetString(2), reader.GetBoolean(3));
        await reader.DisposeAsync();
        await UnseenMessageStore.LoadCrowdedAsync(connection, query, state, cancellation);
        return state;
    }

    private static NpgsqlBatchCommand Recipients(string[] sites, string[] ids) => new(
        """
        SELECT k.site, k.id, notifier.now(), coalesce(s.enabled, true), r.id IS NOT NULL, r.email IS NOT NULL, supp.address IS NOT NULL,
               r.unsubscribed_at IS NOT NULL, r.time_zone, r.preferences::text,
               EXISTS (SELECT FROM notifier.push_subscription p WHERE p.site = k.site AND p.recipient = k.id)
        FROM unnest($1, $2) AS k(site, id)
        LEFT JOIN notifier.site s ON s.id = k.site
        LEFT JOIN notifier.recipient r ON r.site = k.site AND r.id = k.id
        LEFT JOIN notifier.suppression supp ON supp.site = k.site AND supp.address = lower(r.email)
        """)
    { Parameters = { new() { Value = sites }, new() { Value = ids } } };

    private static async Task ReadRecipientsAsync(NpgsqlDataReader reader, LadderState state, CancellationToken cancellation)
    {
        while (await reader.ReadAsync(cancellation))
        {
            var key = new RecipientKey(reader.GetString(0), reader.GetString(1));
            state.Now = reader.Time(2);
            var profile = reader.GetBoolean(4)
                ? new RecipientProfile(reader.GetBoolean(5), reader.GetBoolean(6), reader.GetBoolean(7), Zone(reader.Text(8)), Preferences(reader.GetString(9))) : null;
            state.Recipients[key] = new RecipientState { Key = key, SiteEnabled = reader.GetBoolean(3), Profile = profile, HasPushSubscription = reader.GetBoolean(10) };
        }
    }

    private static NotificationPreferences Preferences(string json) => json == "{}" ? NotificationPreferences.Default : NotificationPreferencesReader.ReadStored(json);

    private static TimeZoneInfo Zone(string? id) => id is not null && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : TimeZoneInfo.Utc;

    private static NpgsqlBatchCommand Presence(string[] sites, string[] ids) => new(
        """
        SELECT p.site, p.recipient, p.node, p.state, p.conversation, p.at, p.received_at, p.last_active_at, n.lease_until
        FROM unnest($1, $2) AS k(site, id)
        JOIN notifier.presence p ON p.site = k.site AND p.recipient = k.id
        LEFT JOIN notifier.relay_node n ON n.site = p.site AND n.node = p.node
        """)
    { Parameters = { new() { Value = sites }, new() { Value = ids } } };

    private static async Task ReadPresenceAsync(NpgsqlDataReader reader, LadderState state, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = new RecipientKey(reader.GetString(0), reader.GetString(1));
            var recipient = state.Recipients[key];
            var report = new PresenceReport(
                reader.GetString(2), (Presence)reader.GetInt16(3), reader.Text(4), reader.Time(5), reader.Time(6), reader.OptionalTime(7));
            var leases = reader.OptionalTime(8) is { } until ? new Dictionary<string, DateTimeOffset>(recipient.NodeLeases) { [report.Node] = until } : recipient.NodeLeases;
            state.Recipients[key] = recipient with { Presence = [.. recipient.Presence, report], NodeLeases = leases };
        }
    }

    private static NpgsqlBatchCommand EmailsLastDay(string[] sites, string[] ids) => new(
        """
        SELECT a.site, a.recipient, a.conversations, a.finished_at
        FROM unnest($1, $2) AS k(site, id)
        JOIN notifier.email_attempt a ON a.site = k.site AND a.recipient = k.id
        WHERE a.state IN ('sent', 'unknown') AND a.finished_at > notifier.now() - interval '24 hours'
        ORDER BY a.finished_at
        """)
    { Parameters = { new() { Value = sites }, new() { Value = ids } } };

    private static async Task<Dictionary<ConversationKey, List<DateTimeOffset>>> ReadEmailsAsync(NpgsqlDataReader reader, LadderState state, CancellationToken cancellation)
    {
        var emails = new Dictionary<ConversationKey, List<DateTimeOffset>>();
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = new RecipientKey(reader.GetString(0), reader.GetString(1));
            var at = reader.Time(3);
            state.Recipients[key] = state.Recipients[key] with { EmailsLastDay = [.. state.Recipients[key].EmailsLastDay, at] };
            foreach (var conversation in reader.GetFieldValue<string[]>(2))
                (emails.TryGetValue(new(key.Site, key.Recipient, conversation), out var list) ? list : emails[new(key.Site, key.Recipient, conversation)] = []).Add(at);
        }
        return emails;
    }

    private static NpgsqlBatchCommand Escalations(string[] sites, string[] recipients, string[] conversations) => new(
        """
        SELECT k.site, k.recipient, k.conversation, coalesce(e.id, nextval('notifier.escalation_id')), e.id IS NOT NULL, e.id IS NOT NULL AND e.closed_at IS NULL,
               e.push_at, e.email_at, e.email_attempt, coalesce(e.email_level, 0), e.last_email_at, coalesce(e.emails, 0),
               coalesce(m.seq, -1), m.seen_at, m.active_at
        FROM unnest($1, $2, $3) AS k(site, recipient, conversation)
        LEFT JOIN notifier.escalation e USING (site, recipient, conversation)
        LEFT JOIN notifier.seen_mark m USING (site, recipient, conversation)
        """)
    { Parameters = { new() { Value = sites }, new() { Value = recipients }, new() { Value = conversations } } };

    private static async Task ReadEscalationsAsync(
        NpgsqlDataReader reader, LadderState state, Dictionary<ConversationKey, List<DateTimeOffset>> emails, CancellationToken cancellation)
    {
        await reader.NextResultAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            var key = new ConversationKey(reader.GetString(0), reader.GetString(1), reader.GetString(2));
            var conversation = new ConversationState
            {
                Conversation = key.Conversation,
                EmailAttempt = reader.IsDBNull(8) ? null : reader.GetGuid(8),
                EmailLevel = reader.GetInt32(9),
                LastEmailAt = reader.OptionalTime(10),
                SeenUpTo = reader.GetInt64(12),
                SeenAt = reader.OptionalTime(13),
                ActiveAt = reader.OptionalTime(14),
                EmailsLastDay = emails.GetValueOrDefault(key) ?? [],
            };
            state.Escalations[key] = new EscalationRow(
                reader.GetInt64(3), conversation, reader.OptionalTime(6), reader.OptionalTime(7), reader.GetInt32(11), Exists: reader.GetBoolean(4), Open: reader.GetBoolean(5));
        }
    }

    private static NpgsqlBatchCommand Known(string[] sites, string[] messages) => new(
        """
        SELECT site, id, m.conversation, m.deleted_at IS NOT NULL FROM unnest($1, $2) AS k(site, id) JOIN notifier.message m USING (site, id)
        """)
    { Parameters = { new() { Value = sites }, new() { Value = messages } } };
}

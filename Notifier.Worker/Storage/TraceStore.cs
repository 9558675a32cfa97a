using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>
/// The trace: what is decided of a message at one moment is a row of <c>notifier.trace</c>, so that one look says why a person was told, or was not. It is read by the
/// view <c>notifier.decision</c>, a row a channel.
/// </summary>
internal sealed class TraceStore(NpgsqlDataSource database)
{
    private static readonly string[] Columns =
    [
        "at", "site", "recipient", "conversation", "message", "escalation", "push_verdict", "push_reason", "push_until", "email_verdict", "email_reason", "email_until",
        "outcome", "presence", "presence_now", "last_activity", "seen_up_to", "seq", "sent_at", "device", "address", "basis",
    ];

    public static NpgsqlBatchCommand Write(IReadOnlyCollection<TraceRow> rows) => new(
        $"""
        INSERT INTO notifier.trace ({string.Join(", ", Columns)}) SELECT * FROM {Column.Rows(Columns)} AS n
        """)
    {
        Parameters =
        {
            Column.Of(rows, r => r.At), Column.Of(rows, r => r.Key.Site), Column.Of(rows, r => r.Key.Recipient), Column.Of(rows, r => r.Key.Conversation),
            Column.Of(rows, r => r.Message), Column.Of(rows, r => r.Escalation),
            Column.Of(rows, r => r.Push?.Verdict.Word()), Column.Of(rows, r => r.Push?.Reason.Word()), Column.Of(rows, r => r.Push?.Until),
            Column.Of(rows, r => r.Email?.Verdict.Word()), Column.Of(rows, r => r.Email?.Reason.Word()), Column.Of(rows, r => r.Email?.Until),
            Column.Of(rows, r => r.Grounds?.Outcome.Word()), Column.Of(rows, r => r.Grounds?.Reported.Word()), Column.Of(rows, r => r.Grounds?.Now.Word()),
            Column.Of(rows, r => r.Grounds?.LastActivity), Column.Of(rows, r => r.Grounds?.SeenUpTo), Column.Of(rows, r => r.Grounds?.Seq), Column.Of(rows, r => r.Grounds?.SentAt),
            Column.Of(rows, r => r.Grounds?.Device), Column.Of(rows, r => r.Grounds?.Address), Column.Json(rows, r => r.Basis),
        },
    };

    /// <summary>The decisions on one message for one person, in order.</summary>
    public async Task<List<TracedDecision>> ReadAsync(string site, string message, string recipient, CancellationToken cancellation)
    {
        await using var command = Reading(site, message, recipient);
        var decisions = new List<TracedDecision>();
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation)) decisions.Add(Row(reader));
        return decisions;
    }

    /// <summary>The same for a page of the dashboard, which reads without async.</summary>
    public List<TracedDecision> Read(string site, string message, string recipient)
    {
        using var command = Reading(site, message, recipient);
        var decisions = new List<TracedDecision>();
        using var reader = command.ExecuteReader();
        while (reader.Read()) decisions.Add(Row(reader));
        return decisions;
    }

    private NpgsqlCommand Reading(string site, string message, string recipient)
    {
        var command = database.CreateCommand(
            """
            SELECT at, conversation, channel, verdict, reason, until, basis::text FROM notifier.decision
            WHERE site = $1 AND message = $2 AND recipient = $3 ORDER BY at, id LIMIT 1000
            """);
        command.Parameters.AddWithValue(site);
        command.Parameters.AddWithValue(message);
        command.Parameters.AddWithValue(recipient);
        return command;
    }

    private static TracedDecision Row(NpgsqlDataReader reader) => new(
        reader.Time(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.OptionalTime(5), reader.Text(6));
}

/// <summary>A row of the view, in the words of the outside.</summary>
internal sealed record TracedDecision(
    DateTimeOffset At, string Conversation, string Channel, string Verdict, string Reason, DateTimeOffset? Until, string? Basis);

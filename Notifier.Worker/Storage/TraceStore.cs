using Notifier.Domain;
using Npgsql;

namespace Notifier.Worker.Storage;

/// <summary>The trace: a row for each decision, so that one look says why a person was told, or was not.</summary>
internal sealed class TraceStore(NpgsqlDataSource database)
{
    public static NpgsqlBatchCommand Write(IReadOnlyCollection<TraceRow> rows) => new(
        """
        INSERT INTO notifier.decision (at, site, recipient, conversation, message, escalation, channel, verdict, reason, until, basis)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """)
    {
        Parameters =
        {
            Column.Of(rows, r => r.At), Column.Of(rows, r => r.Key.Site), Column.Of(rows, r => r.Key.Recipient), Column.Of(rows, r => r.Key.Conversation),
            Column.Of(rows, r => r.Message), Column.Of(rows, r => r.Escalation), Column.Of(rows, r => r.Channel.Word()), Column.Of(rows, r => r.Ruling.Verdict.Word()),
            Column.Of(rows, r => r.Ruling.Reason.Word()), Column.Of(rows, r => r.Ruling.Until), Column.Json(rows, r => r.Basis),
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

/// <summary>A row of the trace, in the words of the outside.</summary>
internal sealed record TracedDecision(
    DateTimeOffset At, string Conversation, string Channel, string Verdict, string Reason, DateTimeOffset? Until, string? Basis);

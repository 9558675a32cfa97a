using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;
using Notifier.Relay.Outcomes;
using Npgsql;

namespace Notifier.Relay.Storage;

/// <summary>What the notifier and the other nodes are told, one transaction a batch.</summary>
internal sealed class ReportStore(NpgsqlDataSource database, EventLog events)
{
    public async Task WriteAsync(ReportBatch told, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        if (told.Attendances.Count > 0) batch.BatchCommands.Add(Attendances(told.Attendances));
        if (told.Outcomes.Count > 0) batch.BatchCommands.Add(Outcomes(told.Outcomes));
        if (told.Facts.Count > 0)
            batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT notifier.publish($1::jsonb)") { Parameters = { new() { Value = $"[{string.Join(',', told.Facts.Select(f => f.Event))}]" } } });
        if (told.Signals.Count > 0) batch.BatchCommands.Add(Signals(told.Signals));
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellation);
    }

    private NpgsqlBatchCommand Outcomes(List<Outcome> outcomes) => new("SELECT relay.decide($1, $2, $3, $4, $5, $6, $7, $8)")
    {
        Parameters =
        {
            new() { Value = events.Epoch },
            new() { Value = outcomes.Select(o => o.Publication.Admission.Row).ToArray() },
            new() { Value = outcomes.Select(o => o.Place + 1).ToArray() },
            new() { Value = outcomes.Select(o => o.Delivered).ToArray() },
            new() { Value = outcomes.Select(o => o.Reason).ToArray() },
            new() { Value = outcomes.Select(o => RelayFrames.Word(o.Presence)).ToArray() },
            new() { Value = outcomes.Select(o => o.Conversation).ToArray() },
            new() { Value = outcomes.Select(o => o.LastActive).ToArray() },
        },
    };

    /// <summary>The last word on each person counts.</summary>
    private NpgsqlBatchCommand Attendances(List<Attendance> attendances)
    {
        var last = new Dictionary<(string Site, string Recipient), bool>();
        foreach (var one in attendances) last[(one.Site, one.Recipient)] = one.Here;
        return new NpgsqlBatchCommand(
            """
            WITH told AS (SELECT * FROM unnest($2, $3, $4) AS t(site, recipient, here)),
              gone AS (DELETE FROM relay.connected c USING told t WHERE NOT t.here AND c.site = t.site AND c.recipient = t.recipient AND c.node = $1)
            INSERT INTO relay.connected (site, recipient, node) SELECT site, recipient, $1 FROM told WHERE here ORDER BY 1, 2 ON CONFLICT DO NOTHING
            """)
        {
            Parameters =
            {
                new() { Value = events.Epoch },
                new() { Value = last.Keys.Select(k => k.Site).ToArray() },
                new() { Value = last.Keys.Select(k => k.Recipient).ToArray() },
                new() { Value = last.Values.ToArray() },
            },
        };
    }

    private NpgsqlBatchCommand Signals(List<Signal> signals) => new(
        """
        WITH sent AS (
          INSERT INTO relay.signal (node, site, recipients, frame) SELECT $1, s.site, string_to_array(s.people, E'\x1f'), s.frame FROM unnest($2, $3, $4) AS s(site, people, frame))
        SELECT relay.ring($1)
        """)
    {
        Parameters =
        {
            new() { Value = events.Epoch },
            new() { Value = signals.Select(s => s.Site).ToArray() },
            new() { Value = signals.Select(s => string.Join('\x1f', s.Recipients)).ToArray() },
            new() { Value = signals.Select(s => s.Frame).ToArray() },
        },
    };
}

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;

namespace Notifier.Faults.Checking;

/// <summary>A message that a person was to be told of: (message, recipient).</summary>
/// <param name="At">When it was said.</param>
internal sealed record Due(string Message, string Recipient, string Conversation, long Seq, double At);

/// <param name="Conversation">With <paramref name="Seq"/>, what was seen; of other events neither counts.</param>
internal sealed record SentEvent(string Id, string Type, string? Recipient, string? Conversation, long Seq);

/// <summary>A mail whose content came in whole.</summary>
/// <param name="DataAt">When its DATA was begun.</param>
/// <param name="Kept">When the server kept it; null: it did not.</param>
/// <param name="Messages">What it tells of.</param>
internal sealed record Mail(string MessageId, string Person, double DataAt, double? Kept, IReadOnlySet<string> Messages);

/// <param name="Status">What was answered; 0: nothing.</param>
internal sealed record Push(double At, string Subscription, string Person, string Type, string Conversation, long UpTo, long Count, int Status);

internal sealed record Standing(string Recipient, string Conversation, string Message, long Seq, int? Push, int? Email);

internal sealed record Attempt(string MessageId, string Recipient, IReadOnlyList<string> Conversations, string State, bool Resent);

internal sealed record Mark(long Order, string Recipient, string Conversation, long Seq, double CommittedAt);

internal sealed record Decided(double At, string Message, string Recipient, string Channel, string Verdict, string Reason);

/// <summary>An event that was put into the inbox, for one shard.</summary>
internal sealed record Arrived(string Source, string EventId, int Shard, JsonNode Body);

/// <summary>All that the checker goes by: the driver's log, the journals of the mail server and the push service, and the database.</summary>
internal sealed partial class Evidence
{
    public required IReadOnlyList<JsonNode> Log { get; init; }
    public required IReadOnlyList<Mail> Mails { get; init; }
    public required IReadOnlyList<Push> Pushes { get; init; }
    public required IReadOnlyList<Standing> Standings { get; init; }
    public required IReadOnlyDictionary<(string Recipient, string Conversation), long> Seen { get; init; }
    public required IReadOnlyList<Mark> Marks { get; init; }
    /// <summary>By Message-ID: when the resolve to begin DATA was committed.</summary>
    public required ILookup<string, double> Resolves { get; init; }
    public required IReadOnlyList<Attempt> Attempts { get; init; }
    public required IReadOnlyList<Decided> Decisions { get; init; }
    public required IReadOnlyList<Arrived> Arrivals { get; init; }
    public required IReadOnlySet<string> Endpoints { get; init; }
    public required IReadOnlySet<string> EventKeys { get; init; }
    public required IReadOnlySet<string> DeletedMessages { get; init; }
    public required long DeadLetters { get; init; }

    public IReadOnlyList<SentEvent> Events => field ??= [.. Of("offered").Select(Event)];

    public IReadOnlyList<Due> Dues => field ??= [.. Of("offered").Where(o => (string?)o["Type"] == "message.outcome").Concat(Of("published")).SelectMany(DuesOf).DistinctBy(d => (d.Message, d.Recipient))];

    /// <summary>What an email tells of that waits for an admin: nobody knows whether it arrived.</summary>
    public IReadOnlySet<(string Recipient, string Conversation)> Parked =>
        field ??= Attempts.Where(a => a.State == "parked").SelectMany(a => a.Conversations.Select(c => (a.Recipient, c))).ToHashSet();

    /// <summary>From each fault to the next healing.</summary>
    public IReadOnlyList<(double From, double To)> Faults =>
        field ??= [.. Of("fault").Select(f => (double)f["at"]!).Select(from => (from, Of("healed").Select(h => (double)h["at"]!).Where(at => at >= from).Min()))];

    /// <summary>When the last fault was healed.</summary>
    public double HealedAt => Of("healed").Max(h => h["at"]!.GetValue<double>());

    public IEnumerable<JsonNode> Of(string what) => Log.Where(l => (string?)l["what"] == what);

    public static async Task<Evidence> ReadAsync(NpgsqlDataSource database, string folder) => new()
    {
        Log = Lines(Path.Combine(folder, "driver.jsonl")),
        Mails = ReadMails(Lines(Path.Combine(folder, "smtp.jsonl"))),
        Pushes = [.. Lines(Path.Combine(folder, "push.jsonl")).Select(ReadPush)],
        Standings = await RowsAsync(database, "SELECT recipient, conversation, message, seq, push_verdict, email_verdict FROM notifier.escalation_message",
            r => new Standing(r.GetString(0), r.GetString(1), r.GetString(2), r.GetInt64(3), r.IsDBNull(4) ? null : r.GetInt16(4), r.IsDBNull(5) ? null : r.GetInt16(5))),
        Seen = (await RowsAsync(database, "SELECT recipient, conversation, seq FROM notifier.seen_mark", r => (Key: (r.GetString(0), r.GetString(1)), Seq: r.GetInt64(2)))).ToDictionary(m => m.Key, m => m.Seq),
        Marks = await RowsAsync(database, "SELECT id, recipient, conversation, seq, extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM faults.seen ORDER BY id",
            r => new Mark(r.GetInt64(0), r.GetString(1), r.GetString(2), r.GetInt64(3), (double)r.GetDecimal(4))),
        Resolves = (await RowsAsync(database, "SELECT message_id, extract(epoch FROM pg_xact_commit_timestamp(xmin)) FROM faults.data", r => (Id: r.GetString(0), At: (double)r.GetDecimal(1))))
            .ToLookup(r => r.Id, r => r.At),
        Attempts = await RowsAsync(database, "SELECT message_id, recipient, conversations, state, resent FROM notifier.email_attempt",
            r => new Attempt(r.GetString(0), r.GetString(1), r.GetFieldValue<string[]>(2), r.GetString(3), r.GetBoolean(4))),
        Decisions = await RowsAsync(database, "SELECT extract(epoch FROM at), message, recipient, channel, verdict, reason FROM notifier.decision ORDER BY id",
            r => new Decided((double)r.GetDecimal(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetString(4), r.GetString(5))),
        Arrivals = await RowsAsync(database, "SELECT source, event_id, shard, body FROM faults.arrival ORDER BY id", r => new Arrived(r.GetString(0), r.GetString(1), r.GetInt16(2), JsonNode.Parse(r.GetString(3))!)),
        Endpoints = (await RowsAsync(database, "SELECT endpoint FROM notifier.push_subscription", r => r.GetString(0))).ToHashSet(),
        EventKeys = (await RowsAsync(database, "SELECT event_id FROM notifier.event_key", r => r.GetString(0))).ToHashSet(),
        DeletedMessages = (await RowsAsync(database, "SELECT id FROM notifier.message WHERE deleted_at IS NOT NULL", r => r.GetString(0))).ToHashSet(),
        DeadLetters = (await RowsAsync(database, "SELECT count(*) FROM notifier.dead_letter", r => r.GetInt64(0)))[0],
    };

    private static async Task<List<T>> RowsAsync<T>(NpgsqlDataSource database, string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync()) rows.Add(read(reader));
        return rows;
    }

    private static List<JsonNode> Lines(string file) => File.Exists(file) ? [.. File.ReadLines(file).Select(l => JsonNode.Parse(l)!)] : [];

    private static SentEvent Event(JsonNode offered)
    {
        var data = offered["Data"]!;
        return new((string)offered["Id"]!, (string)offered["Type"]!, (string?)data["recipient"], (string?)data["conversation"], (long?)data["seq"] ?? 0);
    }

    public static IEnumerable<Due> DuesOf(JsonNode offered)
    {
        var message = offered["Data"]!["message"]!;
        return offered["Data"]!["recipients"]!.AsArray().Select(r => new Due((string)message["id"]!, (string)r!["id"]!, (string)message["conversation"]!, (long)message["seq"]!, (double)offered["at"]!));
    }

    private static Push ReadPush(JsonNode p) => new(
        (double)p["at"]!, (string)p["subscription"]!, (string)p["person"]!, (string)p["type"]!, (string)p["conversation"]!, (long)p["upTo"]!, (long?)p["count"] ?? 0, (int)p["status"]!);

    /// <summary>A mail is kept on the connection on which its content came last.</summary>
    private static List<Mail> ReadMails(List<JsonNode> journal)
    {
        var mails = new List<Mail>();
        var dataAt = new Dictionary<int, double>();
        var last = new Dictionary<int, int>();
        foreach (var line in journal)
        {
            var connection = (int?)line["connection"] ?? 0;
            switch ((string)line["event"]!)
            {
                case "command" when (string?)line["verb"] == "DATA":
                    dataAt[connection] = (double)line["at"]!;
                    break;
                case "content":
                    last[connection] = mails.Count;
                    mails.Add(new Mail(
                        ((string)line["message_id"]!).Trim(), ((string)line["rcpt_to"]![0]!).Split('@')[0], dataAt[connection], null,
                        Words().Matches((string)line["text"]!).Select(m => m.Groups[1].Value).ToHashSet()));
                    break;
                case "mail":
                    mails[last[connection]] = mails[last[connection]] with { Kept = (double)line["at"]! };
                    break;
            }
        }
        return mails;
    }

    [GeneratedRegex("#(c-[0-9]+-m-[0-9]+)#")]
    private static partial Regex Words();
}

using System.Diagnostics;

namespace Notifier.Benchmarks.Ladder;

/// <summary>A database in which so many escalations wait for their email, and its worker.</summary>
internal sealed class LadderLevel : IAsyncDisposable
{
    /// <summary>Of each step in a round.</summary>
    public const int Many = 500;

    public static readonly string[] Steps = ["opening", "moving", "cancelling", "firing"];

    private readonly Database _database;
    private readonly WorkerSide _worker;
    private readonly string _mails;
    private readonly HttpClient _client;
    private int _round;

    private LadderLevel(int pending, Database database, WorkerSide worker, string mails)
    {
        (Pending, _database, _worker, _mails) = (pending, database, worker, mails);
        _client = new HttpClient { BaseAddress = worker.Address };
    }

    public int Pending { get; }

    public long MostHangfireRows { get; private set; }

    public static async Task<LadderLevel> StartAsync(int pending)
    {
        var database = await Database.CreateAsync();
        var mails = Directory.CreateTempSubdirectory("notifier-bench-").FullName;
        var worker = await WorkerSide.StartAsync(database, new Dictionary<string, string> { ["Email__MailFolder"] = mails });
        var level = new LadderLevel(pending, database, worker, mails);
        await level.FillAsync();
        return level;
    }

    /// <summary>Milliseconds of each step.</summary>
    public async Task<IReadOnlyDictionary<string, double>> RoundAsync()
    {
        var round = _round++;
        await _database.RunAsync("INSERT INTO notifier.recipient (site, id, email) SELECT 'bench', $1 || n, $1 || n || '@example.org' FROM generate_series(1, $2) AS n", $"s{round}-", Many);
        var opening = await DecideAsync(Outcomes("open", "now()"));
        var moving = await DecideAsync(
            """jsonb_build_object('specversion', '1.0', 'id', 'move' || $1 || n, 'source', '/sites/bench/relay', 'type', 'presence.changed', 'data', jsonb_build_object('site', 'bench', 'recipient', $1 || n, 'presence', 'online', 'node', 'n', 'lastActiveAt', to_jsonb(now())))""");
        var cancelling = await DecideAsync(
            """jsonb_build_object('specversion', '1.0', 'id', 'seen' || $1 || n, 'source', '/sites/bench/relay', 'type', 'conversation.seen', 'data', jsonb_build_object('site', 'bench', 'recipient', $1 || n, 'conversation', 'c' || $1 || n, 'seq', 1))""");
        await _database.RunAsync("DELETE FROM notifier.presence WHERE site = 'bench'");
        // Written an hour ago: due as soon as it is decided.
        var firing = await DecideAsync(Outcomes("fire", "now() - interval '1 hour'", seq: 2), $"SELECT {Many} - count(*) FROM notifier.email_attempt WHERE recipient LIKE 's{round}-%' AND state = 'sent'");
        await NoteHangfireAsync();
        return new Dictionary<string, double> { ["opening"] = opening.TotalMilliseconds, ["moving"] = moving.TotalMilliseconds, ["cancelling"] = cancelling.TotalMilliseconds, ["firing"] = firing.TotalMilliseconds };

        Task<TimeSpan> DecideAsync(string one, string until = Waiting) => PublishAsync($"SELECT notifier.publish(jsonb_agg({one})) FROM generate_series(1, $2) AS n", until, $"s{round}-", Many);
    }

    private const string Waiting = "SELECT count(*) FROM (SELECT FROM notifier.inbox LIMIT 1) AS waiting";

    public async Task<double> LoadAsync(string page)
    {
        var clock = Stopwatch.StartNew();
        using var answer = await _client.GetAsync(new Uri(page, UriKind.Relative));
        await answer.Content.ReadAsByteArrayAsync();
        answer.EnsureSuccessStatusCode();
        return clock.Elapsed.TotalMilliseconds;
    }

    public IEnumerable<(string What, Func<Task<TimeSpan>> Step)> Large()
    {
        const string Outcome =
            "jsonb_build_object('specversion', '1.0', 'id', $1 || n, 'source', '/sites/bench/relay', 'type', 'message.outcome', 'data', jsonb_build_object('site', 'bench', 'message', jsonb_build_object("
            + "'id', $1 || n, 'conversation', $1 || {0}, 'seq', n, 'kind', 'direct', 'sender', jsonb_build_object('id', 'ada'), 'text', 'Hello', 'sentAt', to_jsonb(now())), "
            + "'recipients', jsonb_build_array(jsonb_build_object('id', $1 || 'reader', 'outcome', 'undelivered', 'presence', 'offline'))))";
        const string Seen =
            "jsonb_build_object('specversion', '1.0', 'id', 'seen' || $1 || n, 'source', '/sites/bench/relay', 'type', 'conversation.seen', 'data', jsonb_build_object('site', 'bench', 'recipient', $1 || 'reader', 'conversation', $1, 'seq', $3::bigint))";
        string Each(string one) => $"SELECT notifier.publish(jsonb_agg({one})) FROM generate_series(1, $2) AS n";
        string Of(string conversation) => Each(Outcome.Replace("{0}", conversation, StringComparison.Ordinal));

        yield return ("a person gets 10,000 unseen conversations", () => PublishAsync(Of("n"), Waiting, "many-", 10_000));
        yield return ("… and one more", () => PublishAsync(Of("n + 100000").Replace("$1 || n,", "'one-more' || n,", StringComparison.Ordinal), Waiting, "many-", 1));
        yield return ("… and their presence changes: all of them are decided", () => PublishAsync(
            Each("jsonb_build_object('specversion', '1.0', 'id', 'is' || $1 || n, 'source', '/sites/bench/relay', 'type', 'presence.changed', 'data', jsonb_build_object('site', 'bench', 'recipient', $1 || 'reader', 'presence', 'online', 'node', 'n'))"), Waiting, "many-", 1));
        yield return ("a conversation gets 100,000 unseen messages", () => PublishAsync(Of("''"), Waiting, "long-", 100_000));
        yield return ("… and one more", () => PublishAsync(Of("''").Replace("$1 || n,", "'one-more-of-it' || n,", StringComparison.Ordinal).Replace("'seq', n", "'seq', 100001", StringComparison.Ordinal), Waiting, "long-", 1));
        yield return ("… and the first ten are seen", () => PublishAsync(Each(Seen), Waiting, "long-", 1, 10L));
        yield return ("… and all of it is seen", () => PublishAsync(Each(Seen).Replace("'seen'", "'all-seen'", StringComparison.Ordinal), Waiting, "long-", 1, 200_000L));
        yield return ("a group message to 100,000 people, 1,000 an event", () => PublishAsync(
            """
            SELECT notifier.publish(jsonb_build_object('specversion', '1.0', 'id', $1 || part, 'source', '/sites/bench/relay', 'type', 'message.outcome', 'data', jsonb_build_object('site', 'bench',
              'message', jsonb_build_object('id', $1, 'conversation', $1, 'seq', 1, 'kind', 'group', 'sender', jsonb_build_object('id', 'ada'), 'text', repeat('x', 1000), 'sentAt', to_jsonb(now())),
              'recipients', (SELECT jsonb_agg(jsonb_build_object('id', $1 || (part * 1000 + n), 'outcome', 'undelivered', 'presence', 'offline')) FROM generate_series(1, 1000) AS n))))
            FROM generate_series(1, $2 / 1000) AS part
            """, Waiting, "group-", 100_000));
    }

    public Task<long> ContentRowsAsync() => _database.CountAsync("SELECT count(*) FROM notifier.message WHERE id = 'group-'");

    private async Task<TimeSpan> PublishAsync(string sql, string until, params object[] parameters)
    {
        await using var command = _database.Source.CreateCommand(sql);
        foreach (var parameter in parameters) command.Parameters.AddWithValue(parameter);
        await command.ExecuteNonQueryAsync();
        var clock = Stopwatch.StartNew();
        while (await _database.CountAsync(until) > 0)
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(5)) throw new InvalidOperationException($"not decided: {sql}");
            await Task.Delay(2);
        }
        return clock.Elapsed;
    }

    private static string Outcomes(string name, string sentAt, int seq = 1) =>
        $"jsonb_build_object('specversion', '1.0', 'id', '{name}' || $1 || n, 'source', '/sites/bench/relay', 'type', 'message.outcome', 'data', jsonb_build_object('site', 'bench', 'message', jsonb_build_object("
        + $"'id', '{name}' || $1 || n, 'conversation', 'c' || $1 || n, 'seq', {seq}, 'kind', 'direct', 'sender', jsonb_build_object('id', 'ada', 'name', 'Ada'), 'text', 'Is it still available?', 'sentAt', to_jsonb({sentAt})), "
        + "'recipients', jsonb_build_array(jsonb_build_object('id', $1 || n, 'outcome', 'undelivered', 'presence', 'offline'))))";

    private async Task FillAsync()
    {
        if (Pending == 0) return;
        await _database.RunAsync("INSERT INTO notifier.recipient (site, id, email) SELECT 'bench', 'p' || n, 'p' || n || '@example.org' FROM generate_series(1, $1 / 4) AS n", Pending);
        await _database.RunAsync(
            "INSERT INTO notifier.message (site, id, conversation, seq, kind, sender_id, text, sent_at) SELECT 'bench', 'm' || n, 'w' || n, 1, 0, 'ada', 'Is it still available?', now() FROM generate_series(1, $1) AS n", Pending);
        await _database.RunAsync(
            """
            INSERT INTO notifier.escalation (id, site, recipient, conversation, shard, opened_at, email_at)
            SELECT nextval('notifier.escalation_id'), 'bench', 'p' || n % ($1 / 4) + 1, 'w' || n, notifier.shard_of('bench', 'p' || n % ($1 / 4) + 1), now(), now() + interval '3 hours' + n % 7200 * interval '1 second'
            FROM generate_series(1, $1) AS n
            """, Pending);
        await _database.RunAsync(
            """
            INSERT INTO notifier.escalation_message (site, recipient, message, conversation, seq, outcome, presence, active_here, mentioned, reported_at, received_at, push_verdict, push_reason, email_verdict, email_reason)
            SELECT 'bench', 'p' || n % ($1 / 4) + 1, 'm' || n, 'w' || n, 1, 2, 0, false, false, now(), now(), 2, 0, 0, 0 FROM generate_series(1, $1) AS n
            """, Pending);
        await _database.RunAsync("VACUUM ANALYZE");
    }

    private async Task NoteHangfireAsync()
    {
        var tables = await _database.CountAsync(
            "SELECT sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM hangfire.%I', relname), false, true, '')))[1]::text::bigint) FROM pg_class WHERE relnamespace = 'hangfire'::regnamespace AND relkind = 'r'");
        MostHangfireRows = Math.Max(MostHangfireRows, tables);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _worker.Dispose();
        await _database.DisposeAsync();
        Directory.Delete(_mails, recursive: true);
    }
}

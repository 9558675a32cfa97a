using Notifier.Tests.Fixtures;
using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Storage;

public sealed class TraceMigrationTests
{
    private const string Decisions = "SELECT concat_ws(' ', at, site, recipient, conversation, message, escalation, channel, verdict, reason, until, basis) FROM notifier.decision ORDER BY id";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_traced_before_the_trace_was_made_smaller_reads_the_same_and_is_dropped_by_days_like_what_follows()
    {
        await using var server = await PostgresServer.NewAsync("-c timezone=Asia/Kathmandu");
        await using var database = NpgsqlDataSource.Create(server.ConnectionString("postgres"));
        var scripts = typeof(Migrator).Assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        var made = Array.FindIndex(scripts, n => n.EndsWith("_trace.sql", StringComparison.Ordinal));
        await RunAsync(database, "CREATE SCHEMA notifier; CREATE TABLE notifier.migration (scriptname text, applied timestamp)"); // the journal, which 0008 speaks of
        foreach (var script in scripts[..made]) await RunAsync(database, await TextAsync(script));
        await RunAsync(database, "SELECT notifier.tidy()");
        await RunAsync(database,
            """
            INSERT INTO notifier.decision (at, site, recipient, conversation, message, escalation, channel, verdict, reason, until, basis)
            SELECT now() - i * interval '7 hours', 'acme', 'u', 'c-9', 'm-' || i, i, channel, 'wait', 'delay', now(), jsonb_build_object('seq', i) FROM generate_series(1, 20) AS i, unnest(ARRAY['push', 'email']) AS channel
            """);
        var before = await ListAsync(database, Decisions);

        await RunAsync(database, await TextAsync(scripts[made]));
        await RunAsync(database, "SELECT notifier.tidy()");

        Assert.Equal(40, before.Count);
        Assert.Equal(before, await ListAsync(database, Decisions));
        Assert.Equal(["0"], await ListAsync(database, "SELECT count(*)::text FROM notifier.trace_default"));
        // Today's partition is there, and holds today's.
        await RunAsync(database, "INSERT INTO notifier.trace (at, site, recipient, conversation, message, push_verdict, push_reason) VALUES (now(), 'acme', 'u', 'c-9', 'm-0', 'send', 'unseen')");
        Assert.Equal(["trace_today"], await ListAsync(database, "SELECT DISTINCT replace(tableoid::regclass::text, 'notifier.trace_' || to_char(now(), 'YYYYMMDD'), 'trace_today') FROM notifier.trace WHERE message = 'm-0'"));
    }

    private static async Task<string> TextAsync(string script)
    {
        using var text = new StreamReader(typeof(Migrator).Assembly.GetManifestResourceStream(script)!);
        return await text.ReadToEndAsync(Cancellation);
    }

    private static async Task RunAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static async Task<List<string>> ListAsync(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var lines = new List<string>();
        while (await reader.ReadAsync(Cancellation)) lines.Add(reader.GetString(0));
        return lines;
    }
}

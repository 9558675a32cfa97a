using Notifier.Domain;
using Notifier.Tests.Api;
using Xunit;

namespace Notifier.Tests.Recipients;

public sealed class ErasureTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private Task<Answer> EraseAsync(string id) => api.Host.SendAsync(HttpMethod.Delete, $"/v1/sites/acme/recipients/{id}");

    [Fact]
    public async Task Nothing_of_the_person_is_left_in_any_table()
    {
        await api.Database.LeaveAsync("acme", "canary-1", other: "bob-1");
        // The test is worth something only as long as every table that can hold a person does.
        Assert.Equal(
            ["bounce", "dead_letter", "email_attempt", "escalation", "escalation_message", "inbox", "message", "presence", "push_outbox", "push_subscription", "recipient", "seen_mark", "suppression", "trace", "relay.accepted", "relay.connected", "relay.signal"],
            (await api.Database.FindAsync("canary-1")).Select(f => f.Table).Distinct());

        Assert.Equal(204, (await EraseAsync("canary-1")).Status);

        // The id of a message that was taken back has to stay; it is the site's.
        Assert.Equal(["deleted-canary-1"], await api.Database.ListAsync<string>("SELECT id FROM notifier.message WHERE strpos(message::text, 'canary-1') > 0"));
        Assert.Equal(["message"], (await api.Database.FindAsync("canary-1")).Select(f => f.Table));
        Assert.DoesNotContain("canary-1", string.Concat(await api.Database.ListAsync<string>("SELECT concat(text, sealed, title, url, sender_id, sender_name) FROM notifier.message")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_relay_has_under_way_goes_on_for_others_and_is_told_of_nobody_who_was_erased()
    {
        await api.Database.LeaveAsync("relayed", "canary-8", other: "bob-8");

        await api.Host.SendAsync(HttpMethod.Delete, "/v1/sites/relayed/recipients/canary-8");

        Assert.Equal(
            ["(erased)|bob-8|for the other", "bob-8|bob-8,(erased)|for both"],
            await api.Database.ListAsync<string>("SELECT concat_ws('|', body #>> '{sender,id}', array_to_string(recipients, ','), body ->> 'text') FROM relay.accepted WHERE site = 'relayed' ORDER BY 1"));
        await api.Database.ExecuteAsync("UPDATE relay.accepted SET accepted_at = accepted_at - interval '1 hour' WHERE site = 'relayed'");
        await api.Database.ExecuteAsync("SELECT relay.sweep(100)");
        Assert.Equal(["bob-8", "bob-8"], await api.Database.ListAsync<string>("SELECT body::jsonb #>> '{data,recipients,0,id}' FROM notifier.inbox WHERE body::jsonb #>> '{data,site}' = 'relayed' AND source LIKE '%/relay'"));
    }

    [Fact]
    public async Task A_person_s_trace_is_found_by_an_index()
    {
        await using var connection = await api.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var plan = new Npgsql.NpgsqlCommand("SET LOCAL enable_seqscan = off; EXPLAIN (COSTS OFF) DELETE FROM notifier.trace WHERE site = 'acme' AND recipient = 'u'", connection);
        var lines = new List<string>();
        await using (var reader = await plan.ExecuteReaderAsync(TestContext.Current.CancellationToken))
            while (await reader.ReadAsync(TestContext.Current.CancellationToken)) lines.Add(reader.GetString(0));

        Assert.Contains(lines, l => l.Contains("recipient_site_idx", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.Contains("Seq Scan", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_others_are_to_be_told_stays_and_no_longer_says_who_wrote_it()
    {
        await api.Database.MessageAsync("acme", "pending-2", from: "canary-2", text: "Is it still available?", unseenBy: ["bob-2", "canary-2"]);
        await api.Database.MessageAsync("acme", "shared-2", from: "bob-2", text: "For all", unseenBy: ["carol-2", "canary-2"]);

        await EraseAsync("canary-2");

        Assert.Equal(
            ["pending-2|(erased)|Someone|Is it still available?", "shared-2|bob-2|name of bob-2|For all"],
            await api.Database.ListAsync<string>("SELECT concat_ws('|', id, sender_id, sender_name, text) FROM notifier.message WHERE id LIKE '%-2' ORDER BY id"));
        Assert.Equal(["bob-2", "carol-2"], await api.Database.ListAsync<string>("SELECT recipient FROM notifier.escalation_message WHERE recipient LIKE '%-2' ORDER BY 1"));
    }

    [Fact]
    public async Task The_same_id_on_another_site_and_everyone_else_keep_what_is_theirs()
    {
        await api.Database.LeaveAsync("other", "canary-3", other: "bob-3");
        await api.Database.LeaveAsync("acme", "canary-33", other: "bob-3");
        var before = (await api.Database.FindAsync("canary-3")).OrderBy(f => f.Row, StringComparer.Ordinal).ToArray();

        await EraseAsync("canary-3");

        // Of an event that nobody can read nobody can say of which site it is: it goes with whoever is named in it.
        Assert.Equal(before.Where(f => !(f.Row.Contains("unreadable", StringComparison.Ordinal) && f.Row.Contains("canary-3\"", StringComparison.Ordinal))), (await api.Database.FindAsync("canary-3")).OrderBy(f => f.Row, StringComparer.Ordinal));
    }

    [Fact]
    public async Task An_id_that_is_written_with_escapes_is_found_too()
    {
        // So long that no time and no digest holds it by chance.
        const string Number = "7007700770077007";
        const string Escaped = """{ "data": { "site": "acme", "recipient": "\u0063anary-7", "seq": 7007700770077007 } }""";
        await api.Database.ExecuteAsync("INSERT INTO notifier.inbox (shard, body) VALUES (5, $1)", Escaped);
        await api.Database.ExecuteAsync("INSERT INTO notifier.dead_letter (kind, reason, detail, body) VALUES ('event', 'undecidable', '', $1)", Escaped);
        Assert.Equal(["dead_letter", "inbox"], (await api.Database.FindAsync(Number)).Select(f => f.Table));

        await EraseAsync("canary-7");

        Assert.Empty(await api.Database.FindAsync(Number));
    }

    [Fact]
    public async Task An_address_that_another_person_has_too_stays_suppressed()
    {
        await api.Database.ExecuteAsync("INSERT INTO notifier.recipient (site, id, email) VALUES ('acme', 'canary-4', 'shared@acme.example'), ('acme', 'bob-4', 'Shared@acme.example')");
        await api.Database.ExecuteAsync("INSERT INTO notifier.suppression (site, address, reason, detail) VALUES ('acme', 'shared@acme.example', 'bounced', '')");

        await EraseAsync("canary-4");
        Assert.Equal(1, await api.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.suppression WHERE address = 'shared@acme.example'"));

        await EraseAsync("bob-4");
        Assert.Equal(0, await api.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.suppression WHERE address = 'shared@acme.example'"));
    }

    [Fact]
    public async Task Erasing_twice_or_somebody_unknown_is_the_same()
    {
        await api.Database.LeaveAsync("acme", "canary-5", other: "bob-5");
        await EraseAsync("canary-5");
        var left = await api.Database.FindAsync("bob-5");

        Assert.Equal(204, (await EraseAsync("canary-5")).Status);
        Assert.Equal(204, (await EraseAsync("nobody-5")).Status);

        Assert.Equal(left, await api.Database.FindAsync("bob-5"));
    }

    [Fact]
    public async Task A_turn_that_is_under_way_is_waited_for_and_leaves_nothing_behind()
    {
        var cancellation = TestContext.Current.CancellationToken;
        await using var turn = await api.Database.DataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await turn.BeginTransactionAsync(cancellation);
        await Notifier.Worker.Storage.ShardLock.TakeAsync(turn, Shard.Of("acme", "canary-6"), cancellation);

        var erasing = EraseAsync("canary-6");
        while (await api.Database.ScalarAsync<long>("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") == 0) cancellation.ThrowIfCancellationRequested();
        await using (var write = new Npgsql.NpgsqlCommand("INSERT INTO notifier.seen_mark (site, recipient, conversation, seq) VALUES ('acme', 'canary-6', 'c-9', 1)", turn))
            await write.ExecuteNonQueryAsync(cancellation);
        Assert.False(erasing.IsCompleted);
        await transaction.CommitAsync(cancellation);

        Assert.Equal(204, (await erasing).Status);
        Assert.Empty(await api.Database.FindAsync("canary-6"));
    }
}

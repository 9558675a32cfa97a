using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email;
using Notifier.Worker.Storage;
using Notifier.Worker.WebPush;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Storage;

/// <summary>Whoever looks for what is due finds it by an index, and reads no more rows than are due, however many wait: PostgreSQL says how each statement of the worker ran.</summary>
public sealed class DuePlanTests(PostgresCluster cluster) : IAsyncLifetime
{
    private const int Pending = 100_000, Due = 100, Keys = 50;

    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task A_plan_that_was_made_while_nothing_waited_goes_by_the_index_when_thousands_do()
    {
        await _database.ExecuteAsync("VACUUM ANALYZE notifier.inbox"); // as autovacuum leaves it where all is decided
        await using var explained = new ExplainedSource($"{_database.ConnectionString};Maximum Pool Size=1;Max Auto Prepare=100;Auto Prepare Min Usages=1");
        var due = new DueStore(explained.Source);
        for (var i = 0; i < 8; i++) Assert.Empty(await due.WaitingAsync(Cancellation)); // from the sixth on PostgreSQL may keep one plan for all

        await _database.ExecuteAsync("INSERT INTO notifier.inbox (shard, site, body) SELECT n % 64, 'acme', repeat('x', 400) FROM generate_series(1, 20000) AS n");

        Assert.Equal(64, (await due.WaitingAsync(Cancellation)).Count);
        Assert.All(explained.Plans, plan => Assert.DoesNotContain("Seq Scan on inbox", plan, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_due_among_a_hundred_thousand_is_found_without_reading_the_others()
    {
        await FillAsync();
        await using var explained = new ExplainedSource(_database.ConnectionString);
        var due = new DueStore(explained.Source);
        var attempts = new EmailAttemptStore(explained.Source, Options.Create(new EmailOptions()));
        var outbox = new PushOutboxStore(explained.Source, Options.Create(new WebPushOptions()));
        await using var connection = await explained.Source.OpenConnectionAsync(Cancellation);

        Assert.Equal(64 * 3, (await due.WaitingAsync(Cancellation)).Count); // two sites, and push rungs
        Assert.Equal(64, (await due.ShardsWithEmailDueAsync(Cancellation)).Count);
        Assert.InRange((await DueStore.PushDueAsync(connection, [5, 6], 500, Cancellation)).Count, 1, 2 * Due);
        Assert.InRange((await DueStore.EmailDueAsync(connection, [5, 6], 200, Cancellation)).Count, 1, 2 * Due);
        Assert.NotEmpty(await DueStore.OpenAsync(connection, [new("acme", "u-7")], Cancellation));
        Assert.Equal(50, (await InboxStore.TakeAsync(connection, [(5, "acme"), (5, "beta"), (6, "acme")], 50, Cancellation)).Count);
        Assert.Equal(10, (await outbox.ClaimAsync(10, 256, [], Cancellation)).Count);
        Assert.Equal(10, (await attempts.ClaimAsync(10, [], [], Cancellation)).Count);
        Assert.NotNull(await EmailAttemptStore.IsOverdueAsync(connection, TimeSpan.FromSeconds(15), Cancellation));
        await due.PostponePushAsync(5, Cancellation);
        await due.PostponeEmailAsync(5, Cancellation);
        var query = new LadderQuery();
        query.Add(new("acme", "u-7", "c-7"));
        query.Messages.Add(("acme", "m-7"));
        var state = await StateStore.LoadAsync(connection, query, Cancellation);
        Assert.Single(state.Escalations);

        // Nothing more is overdue: that is known without looking through what waits for its time.
        await _database.ExecuteAsync("DELETE FROM notifier.email_attempt WHERE next_at < now()");
        await _database.ExecuteAsync("UPDATE notifier.escalation SET email_at = NULL WHERE email_at < now()");
        Assert.Null(await EmailAttemptStore.IsOverdueAsync(connection, TimeSpan.FromSeconds(15), Cancellation));
        Assert.Empty(await attempts.ClaimAsync(10, [], [], Cancellation));

        Assert.True(explained.Plans.Count >= 15, string.Join("\n\n", explained.Plans));
        explained.AssertNoStepReadsMoreThan(1000);
    }

    /// <summary>Plans are made from what was counted when the tables were empty, and from their size now; a plan that is kept, from their size then.</summary>
    /// <param name="then">How many rows there are as the plans are made.</param>
    /// <param name="counted">And whether they have been counted.</param>
    [Theory]
    [InlineData(0, true)]
    [InlineData(40, true)]
    [InlineData(300, true)]
    [InlineData(300, false)]
    [InlineData(3000, false)]
    [InlineData(Pending, true)]
    public async Task What_is_looked_up_by_keys_is_found_by_the_keys_however_much_was_there_when_its_plan_was_made(int then, bool counted)
    {
        await _database.ExecuteAsync("VACUUM ANALYZE");
        await FillAsync(1, then, counted);
        await using var explained = new ExplainedSource($"{_database.ConnectionString};Maximum Pool Size=2;Max Auto Prepare=100;Auto Prepare Min Usages=1");
        await using var connection = await explained.Source.OpenConnectionAsync(Cancellation);
        var outbox = new PushOutboxStore(explained.Source, Options.Create(new WebPushOptions()));
        for (var i = 0; i < 8; i++) await outbox.ClaimAsync(1, 256, [], Cancellation); // by the other connection
        for (var i = 0; i < 8; i++) await LookUpAsync(connection); // from the sixth on PostgreSQL may keep one plan for all
        var before = explained.Plans.Count;
        await FillAsync(then + 1, Pending, analyze: false);
        await _database.ExecuteAsync("UPDATE notifier.email_attempt SET state = 'sent', finished_at = now()");

        await LookUpAsync(connection);
        Assert.Equal(Keys, (await outbox.ClaimAsync(Keys, 256, [], Cancellation)).Count);

        Assert.True(explained.Plans.Count >= before + 20, string.Join("\n\n", explained.Plans));
        explained.AssertNoStepReadsMoreThan(10 * Keys, since: before);
    }

    private static async Task LookUpAsync(NpgsqlConnection connection)
    {
        await using var turn = await connection.BeginTransactionAsync(Cancellation);
        var keys = Enumerable.Range(1, Keys).Select(n => new ConversationKey("acme", $"u-{n}", $"c-{n}")).ToArray();
        var query = new LadderQuery();
        foreach (var key in keys) query.Add(key);
        foreach (var n in Enumerable.Range(1, Keys)) query.Messages.Add(("acme", $"m-{n}"));
        await StateStore.LoadAsync(connection, query, Cancellation);
        await DueStore.OpenAsync(connection, [.. keys.Select(k => k.Owner)], Cancellation);
        var emails = keys.Select(k => new ClaimedEmail(Guid.NewGuid(), "", k.Owner, null, [k.Conversation], ["m-1"], 1, false, false, 1, default, default, default)).ToArray();
        await EmailAttemptStore.BeginDataAsync(
            connection, [.. emails.Select(e => new WrittenEmail(e, new Dictionary<string, long> { [e.Conversations[0]] = 1 }, [new("m-1", null)]))], TimeSpan.FromMinutes(1), Cancellation);
        await EmailAttemptStore.FinishAsync(connection, [.. emails.Select(e => new EmailEnd(e, "sent", null, null, BurnsAttempt: true))], Cancellation);
        await EmailContentStore.ReadAsync(connection, [.. keys.Select(k => new ContentQuery(k.Owner, [k.Conversation], 10))], Cancellation);
        var pushes = keys.Select((k, n) => new ClaimedPush(n + 1, k, n + 1, "https://p.example", false, 1, "m-1", false, 1, 1, TimeSpan.Zero)).ToArray();
        await PushContentStore.ReadAsync(connection, pushes, Cancellation);
        await using var ends = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                PushOutboxStore.Later([.. pushes.Select(p => (p, TimeSpan.Zero, true, false))]),
                PushContentStore.Gone([.. pushes.Select(p => (p with { Id = p.Id + Keys }, new PushTarget(p.Subscription + Keys, p.Key.Owner, "", [], [], default, null)))]),
                Plans.Kept(), PushOutboxStore.ToBeTold(pushes), PushOutboxStore.Told(pushes), PushOutboxStore.TakeBack(pushes), PushOutboxStore.Done(pushes),
                PushContentStore.Used([.. pushes.Select(p => new PushTarget(p.Subscription, p.Key.Owner, "", [], [], default, null))]), Plans.Anew(),
            },
        };
        await ends.ExecuteNonQueryAsync(Cancellation);
        var changes = new TurnChanges();
        changes.Forgotten.AddRange(keys.Select(k => (k, 1L)));
        changes.TakenAlong.AddRange(keys.Select(k => (k, 1L)));
        changes.Pushes.AddRange(keys.Select(k => new PushOrder(k, 1, "m-1")));
        changes.Emails.AddRange(keys.Select(k => new EmailOrder(Guid.NewGuid(), $"{Guid.NewGuid()}", k.Owner, [k.Conversation], ["m-1"], default)));
        await TurnStore.SaveAsync(connection, changes, TimeSpan.FromDays(1), Cancellation);
        await turn.RollbackAsync(Cancellation);
    }

    [Fact]
    public async Task A_conversation_with_a_hundred_thousand_unseen_messages_costs_a_turn_no_more_than_a_crowd()
    {
        await _database.ExecuteAsync($"INSERT INTO notifier.message (site, id, conversation, seq, kind, sender_id, sent_at) SELECT 'acme', 'm-' || n, 'c', n, 2, 'ada', now() FROM generate_series(1, {Pending}) AS n");
        await _database.ExecuteAsync(
            $"""
            INSERT INTO notifier.escalation_message (site, recipient, message, conversation, seq, outcome, presence, active_here, mentioned, reported_at, received_at)
            SELECT 'acme', 'bob', 'm-' || n, 'c', n, 0, 0, false, n = 50000, now(), now() FROM generate_series(1, {Pending}) AS n
            """);
        await _database.ExecuteAsync("INSERT INTO notifier.escalation (id, site, recipient, conversation, shard, opened_at) VALUES (1, 'acme', 'bob', 'c', 1, now())");
        await _database.ExecuteAsync("UPDATE notifier.message SET urgent = true WHERE id = 'm-60000'");
        await _database.ExecuteAsync("VACUUM ANALYZE");
        await using var explained = new ExplainedSource(_database.ConnectionString);
        await using var connection = await explained.Source.OpenConnectionAsync(Cancellation);
        var bob = new ConversationKey("acme", "bob", "c");

        foreach (var extent in (Extent[])[default, Extent.SeenUpTo(3), Extent.Everything])
        {
            var query = new LadderQuery();
            query.Add(bob, extent);
            query.Messages.Add(("acme", "m-70000"));
            var state = await StateStore.LoadAsync(connection, query, Cancellation);

            var loaded = state.Escalations[bob].State.Unseen.Select(m => m.Seq).ToArray();
            Assert.Contains(bob, state.Crowded);
            Assert.InRange(loaded.Length, UnseenMessageStore.Crowd, 2 * UnseenMessageStore.Crowd + 10);
            foreach (var needed in (long[])[1, UnseenMessageStore.Crowd, 50_000, 60_000, 70_000, Pending]) Assert.Contains(needed, loaded);
            Assert.Equal(loaded.Order().Distinct(), loaded);
        }

        explained.AssertNoStepReadsMoreThan(4 * UnseenMessageStore.Crowd);
    }

    private async Task FillAsync(int first = 1, int last = Pending, bool analyze = true)
    {
        foreach (var site in (string[])["acme", "beta"])
            await _database.ExecuteAsync($"INSERT INTO notifier.inbox (shard, site, source, event_id, body) SELECT n % 64, $1, 's', n::text, '{{}}' FROM generate_series({first}, {last} / 2) AS n", site);
        await _database.ExecuteAsync($"INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth) SELECT 'acme', 'u-' || n, 'https://p.example/' || n, 'https://p.example', decode(repeat('04', 65), 'hex'), decode(repeat('00', 16), 'hex') FROM generate_series({first}, {last}) AS n");
        await _database.ExecuteAsync($"INSERT INTO notifier.recipient (site, id, email) SELECT 'acme', 'u-' || n, 'u' || n || '@example.org' FROM generate_series({first}, {last}) AS n");
        await _database.ExecuteAsync(
            $"""
            INSERT INTO notifier.escalation (id, site, recipient, conversation, shard, opened_at, push_at, email_at)
            SELECT n, 'acme', 'u-' || n, 'c-' || n, n % 64, now(), at, at
            FROM generate_series({first}, {last}) AS n, LATERAL (SELECT now() + CASE WHEN n <= {Due} * 64 / 10 THEN interval '-1 minute' ELSE interval '1 hour' END AS at) AS due
            """);
        await _database.ExecuteAsync($"INSERT INTO notifier.message (site, id, conversation, seq, kind, sender_id, sent_at) SELECT 'acme', 'm-' || n, 'c-' || n, 1, 0, 'ada', now() FROM generate_series({first}, {last}) AS n");
        await _database.ExecuteAsync(
            $"""
            INSERT INTO notifier.escalation_message (site, recipient, message, conversation, seq, outcome, presence, active_here, mentioned, reported_at, received_at)
            SELECT 'acme', 'u-' || n, 'm-' || n, 'c-' || n, 1, 0, 0, false, false, now(), now() FROM generate_series({first}, {last}) AS n
            """);
        await _database.ExecuteAsync(
            $"""
            INSERT INTO notifier.push_outbox (site, recipient, conversation, subscription, origin, up_to, next_at, expires_at)
            SELECT 'acme', 'u-' || n, 'c', n, 'https://p.example', 1, now() + CASE WHEN n <= {Due} THEN interval '-1 minute' ELSE interval '1 hour' END, now() + interval '1 day' FROM generate_series({first}, {last}) AS n
            """);
        await _database.ExecuteAsync(
            $"""
            INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations, state, next_at)
            SELECT gen_random_uuid(), n::text, 'acme', 'u-' || n, ARRAY['c-' || n], 'retry', now() + CASE WHEN n <= {Due} THEN interval '-1 minute' ELSE interval '1 hour' END FROM generate_series({first}, {last}) AS n
            """);
        if (analyze) await _database.ExecuteAsync("VACUUM ANALYZE");
    }
}

using Microsoft.Extensions.Options;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email;
using Notifier.Worker.Escalation;
using Notifier.Worker.Storage;
using Notifier.Worker.WebPush;
using Xunit;

namespace Notifier.Tests.Escalation;

/// <summary>One site's storm is its own: at every place where messages wait, those of another site are taken by turns with it, whatever lies there already.</summary>
public sealed class FairShareTests(PostgresCluster cluster) : IAsyncLifetime
{
    private const int Storm = 5000;

    private TestDatabase _database = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _database = await cluster.CreateDatabaseAsync();

    public ValueTask DisposeAsync() => _database.DisposeAsync();

    [Fact]
    public async Task Behind_thousands_of_events_of_one_site_the_first_of_another_is_in_the_first_turn()
    {
        await InboxAsync("storm", Storm);
        await InboxAsync("calm", 1);
        await InboxAsync("also", 3);

        await using var connection = await _database.DataSource.OpenConnectionAsync(Cancellation);
        var taken = await InboxStore.TakeAsync(connection, [(7, "storm"), (7, "calm"), (7, "also")], 100, Cancellation);

        Assert.Equal([("also", 3), ("calm", 1), ("storm", 96)], taken.CountBy(r => r.Site).Select(c => (c.Key, c.Value)).Order());
        Assert.Equal(taken.Select(r => r.Id).Order(), taken.Select(r => r.Id));
        Assert.Equal(Enumerable.Range(1, 96).Select(n => $"storm-{n}"), taken.Where(r => r.Site == "storm").Select(r => r.EventId));
    }

    [Fact]
    public async Task A_turn_of_events_for_thousands_of_people_each_takes_only_a_few_and_one_at_least()
    {
        await InboxAsync("large", 60, bytes: 100_000);
        await InboxAsync("calm", 1);
        await InboxAsync("huge", 2, bytes: 4_000_000);

        await using var connection = await _database.DataSource.OpenConnectionAsync(Cancellation);
        var taken = await InboxStore.TakeAsync(connection, [(7, "large"), (7, "calm")], 500, Cancellation);

        Assert.Equal([("calm", 1), ("large", 21)], taken.CountBy(r => r.Site).Select(c => (c.Key, c.Value)).Order());
        Assert.Equal("huge-1", Assert.Single(await InboxStore.TakeAsync(connection, [(7, "huge")], 500, Cancellation)).EventId);
    }

    [Fact]
    public async Task A_site_alone_is_given_whole_turns()
    {
        await InboxAsync("storm", Storm);

        await using var connection = await _database.DataSource.OpenConnectionAsync(Cancellation);
        Assert.Equal(500, (await InboxStore.TakeAsync(connection, [(7, "storm")], 500, Cancellation)).Count);
        Assert.Equal([(7, "storm")], (await new DueStore(_database.DataSource).WaitingAsync(Cancellation)).Select(w => ((int)w.Shard, w.Site)));
        var shares = new SiteShares(new HandClock());
        shares.Took("storm", 5000);
        shares.Took(SiteShares.Rungs, 3);
        Assert.False(Assert.Single(new TurnPlan(shares).Of([(7, "storm"), (7, null)])).IsShort);
    }

    [Fact]
    public void Who_had_more_than_their_part_comes_after_the_others_in_short_turns_until_that_is_forgotten()
    {
        var clock = new HandClock();
        var shares = new SiteShares(clock);
        var plan = new TurnPlan(shares);
        shares.Took("storm", 500);

        (short, string?)[] waiting = [(0, "storm"), (1, "storm"), (1, "calm"), (1, "also"), (2, null)];
        Assert.Equal(["1: calm also", "2:  and rungs", "0: storm, short", "1: storm, short"], plan.Of(waiting).Select(Words));

        // The one that had its turn last comes last.
        var planned = new Queue<Stint>(plan.Of(waiting).Where(s => s.IsShort));
        var first = plan.Begin(planned, plan.Turns, 1);
        Assert.Equal("1: storm, short", Words(Assert.Single(plan.Begin(new(plan.Of(waiting).Where(s => s.IsShort)), plan.Turns, 8)))); // the other lane
        plan.End(first);
        Assert.Equal(["1: storm, short", "0: storm, short"], plan.Of(waiting).Where(s => s.IsShort).Select(Words).Reverse());

        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.DoesNotContain(plan.Of(waiting), s => s.IsShort);
    }

    [Fact]
    public void A_turn_takes_several_shards_and_never_those_of_a_storm_along()
    {
        var shares = new SiteShares(new HandClock());
        var plan = new TurnPlan(shares);
        shares.Took("storm", 500);
        var planned = new Queue<Stint>(plan.Of([(0, "calm"), (1, "calm"), (1, "storm"), (2, "calm"), (3, "storm"), (4, "storm")]));

        var turns = new[] { plan.Begin(planned, 0, 2), plan.Begin(planned, 0, 8), plan.Begin(planned, 0, 8), plan.Begin(planned, 0, 8) };

        // What is left of shard 1 waits: the first lane is still at it.
        Assert.Equal(["0: calm, 1: calm", "2: calm", "3: storm, short, 4: storm, short", ""], turns.Select(t => string.Join(", ", t.Select(Words))));
    }

    [Fact]
    public async Task Push_messages_of_a_site_with_little_under_way_are_claimed_before_the_storm_of_another()
    {
        await PushesAsync("storm", "https://one.example", Storm);
        await PushesAsync("storm", "https://two.example", Storm);
        await PushesAsync("calm", "https://one.example", 2);
        var outbox = new PushOutboxStore(_database.DataSource, Options.Create(new WebPushOptions()));

        var first = await outbox.ClaimAsync(100, 256, [], Cancellation);
        Assert.Equal([("calm", 2), ("storm", 98)], first.CountBy(p => p.Key.Site).Select(c => (c.Key, c.Value)).Order());

        await PushesAsync("calm", "https://two.example", 1);
        var room = await outbox.ClaimAsync(1, 256, [(new("storm", "https://one.example"), 200), (new("storm", "https://two.example"), 200)], Cancellation);
        Assert.Equal("calm", Assert.Single(room).Key.Site);
    }

    [Fact]
    public async Task An_email_of_one_site_does_not_wait_behind_thousands_of_another()
    {
        await EmailsAsync("storm", Storm);
        await EmailsAsync("calm", 2);
        var attempts = new EmailAttemptStore(_database.DataSource, Options.Create(new EmailOptions()));

        var claimed = await attempts.ClaimAsync(8, [], [], Cancellation);
        Assert.Equal([("calm", 2), ("storm", 6)], claimed.CountBy(e => e.Recipient.Site).Select(c => (c.Key, c.Value)).Order());
        // The oldest of each, and what is full holds up nobody else.
        Assert.Equal(Enumerable.Range(1, 6).Select(n => $"storm-{n}"), claimed.Where(e => e.Recipient.Site == "storm").Select(e => e.MessageId).Order());
        Assert.Equal(8, (await attempts.ClaimAsync(8, ["calm@"], ["calm"], Cancellation)).Count(e => e.Recipient.Site == "storm"));
    }

    private sealed class HandClock : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }

    private static string Words(Stint s) => $"{s.Shard}: {string.Join(' ', s.Sites)}{(s.Rungs ? " and rungs" : "")}{(s.IsShort ? ", short" : "")}";

    private Task<int> InboxAsync(string site, int events, int bytes = 2) => _database.ExecuteAsync(
        "INSERT INTO notifier.inbox (shard, site, source, event_id, body) SELECT 7, $1, 's', $1 || '-' || n, rpad('{', $3 - 1) || '}' FROM generate_series(1, $2) AS n", site, events, bytes);

    private Task<int> PushesAsync(string site, string origin, int pushes) => _database.ExecuteAsync(
        """
        WITH s AS (INSERT INTO notifier.push_subscription (site, recipient, endpoint, origin, p256dh, auth)
                   SELECT $1, 'u-' || n, $2 || '/' || n, $2, '', '' FROM generate_series(1, $3) AS n RETURNING id, recipient)
        INSERT INTO notifier.push_outbox (site, recipient, conversation, subscription, origin, up_to, expires_at)
        SELECT $1, recipient, 'c', id, $2, 1, notifier.now() + interval '1 day' FROM s
        """, site, origin, pushes);

    private Task<int> EmailsAsync(string site, int emails) => _database.ExecuteAsync(
        """
        INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations, next_at)
        SELECT gen_random_uuid(), $1 || '-' || n, $1, 'u-' || n, '{c}', notifier.now() - interval '1 hour' + n * interval '1 ms' FROM generate_series(1, $2) AS n
        """, site, emails);
}

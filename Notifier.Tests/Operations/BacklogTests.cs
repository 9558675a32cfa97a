using Notifier.Domain;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Operations;

public sealed class BacklogTests(OperationsDatabase database) : IClassFixture<OperationsDatabase>, IAsyncLifetime
{
    private static readonly TimeSpan Delay = TimeSpan.FromMinutes(10), GroupDelay = TimeSpan.FromMinutes(30);
    private static readonly Ruling Waiting = new(Verdict.Wait, Reason.OnlineElsewhere), Handed = new(Verdict.Send, Reason.Unseen);
    private static readonly ConversationKey Key = new("acme", "u-2", "c-9");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await database.ClearAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Open_escalations_are_counted()
    {
        for (var n = 0; n < 5; n++) await database.EscalationAsync(Key with { Conversation = $"c-{n}" }, emailIn: null, closed: n < 2);

        Assert.Equal(3, await new BacklogStore(database.Source).OpenEscalationsAsync(Cancellation));
    }

    [Fact]
    public async Task Of_a_large_table_a_sample_is_counted_and_scaled_up()
    {
        await database.ExecuteAsync(
            """
            INSERT INTO notifier.escalation (id, site, recipient, conversation, shard, opened_at, closed_at)
            SELECT n, 'acme', 'recipient-with-a-rather-long-id-' || n, 'c', 0, now(), CASE WHEN n % 4 = 0 THEN now() END FROM generate_series(1, 400000) n
            """);
        var blocks = await database.ScalarAsync<long>("SELECT pg_relation_size('notifier.escalation') / 8192");
        Assert.True(blocks > 2 * 2048, "the table must be larger than the sample");

        Assert.InRange(await new BacklogStore(database.Source).OpenEscalationsAsync(Cancellation), 255_000, 345_000);
    }

    [Theory]
    [InlineData(-5, 25, MessageKind.Direct, 1)]
    [InlineData(-5, 15, MessageKind.Direct, 0)] // not yet twice its delay
    [InlineData(-5, 25, MessageKind.Group, 0)]
    [InlineData(-5, 65, MessageKind.Group, 1)]
    [InlineData(-1, 25, MessageKind.Direct, 0)] // late, but the turn may be about to come
    [InlineData(5, 25, MessageKind.Direct, 0)]  // a wait that was decided
    [InlineData(null, 25, MessageKind.Direct, 1)] // nothing will ever ask
    [InlineData(null, 15, MessageKind.Direct, 0)]
    public async Task Missed_is_what_is_undecided_past_twice_its_delay_with_nothing_about_to_decide_it(int? emailInMinutes, int ageInMinutes, MessageKind kind, long missed)
    {
        await database.EscalationAsync(Key, emailInMinutes is { } minutes ? TimeSpan.FromMinutes(minutes) : null);
        await database.UnseenAsync(Key, "m-1", TimeSpan.FromMinutes(ageInMinutes), Waiting, kind);

        Assert.Equal(missed, await MissedAsync());
    }

    [Fact]
    public async Task Decided_under_way_or_closed_is_not_missed_and_never_decided_is()
    {
        var old = TimeSpan.FromHours(3);
        await Row("c-decided", Handed);
        await Row("c-under-way", Waiting, Guid.NewGuid());
        await Row("c-closed", Waiting, closed: true);
        Assert.Equal(0, await MissedAsync());

        await Row("c-never", null);
        Assert.Equal(1, await MissedAsync());

        async Task Row(string conversation, Ruling? email, Guid? attempt = null, bool closed = false)
        {
            var key = Key with { Conversation = conversation };
            await database.EscalationAsync(key, emailIn: null, attempt, closed);
            await database.UnseenAsync(key, $"m-{conversation}", old, email);
        }
    }

    [Fact]
    public void A_sweep_adds_up_its_pieces_and_forgets_what_a_later_round_does_not_find()
    {
        var sweep = new MissedSweep();
        const int Table = 2 * MissedSweep.Blocks + 1; // three pieces

        Assert.Equal((0, 2L), (sweep.NextBlock, sweep.Add(new(0, 2, Table))));
        Assert.Equal((MissedSweep.Blocks, 2L), (sweep.NextBlock, sweep.Add(new(0, 0, Table))));
        Assert.Equal((2 * MissedSweep.Blocks, 5L), (sweep.NextBlock, sweep.Add(new(0, 3, Table))));
        Assert.Equal((0, 3L), (sweep.NextBlock, sweep.Add(new(0, 0, Table))));
        // The table was cut short while the sweep stood at its second piece: what lay beyond is gone.
        Assert.Equal((MissedSweep.Blocks, 0L), (sweep.NextBlock, sweep.Add(new(0, 0, 1))));
        Assert.Equal(0, sweep.NextBlock);
    }

    private async Task<long> MissedAsync()
    {
        var part = await new BacklogStore(database.Source).MissedAsync(0, MissedSweep.Blocks, Delay, GroupDelay, Cancellation);
        return part.Overdue + part.Forgotten;
    }
}

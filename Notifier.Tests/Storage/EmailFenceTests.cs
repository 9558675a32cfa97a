using Microsoft.Extensions.Options;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email;
using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

namespace Notifier.Tests.Storage;

/// <summary>Emails that are written together, each under the fence of its own claim.</summary>
public sealed class EmailFenceTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private TestDatabase _database = null!;
    private NpgsqlConnection _connection = null!;
    private EmailAttemptStore _attempts = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await cluster.CreateDatabaseAsync();
        _connection = await _database.DataSource.OpenConnectionAsync(Stop);
        _attempts = new EmailAttemptStore(_database.DataSource, Options.Create(new EmailOptions { Lease = Lease }));
        await _database.ExecuteAsync(
            """
            INSERT INTO notifier.email_attempt (id, message_id, site, recipient, conversations)
            SELECT gen_random_uuid(), 'm-' || n, 'acme', 'u-' || n, ARRAY['c'] FROM generate_series(1, 4) AS n
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task Of_those_that_begin_DATA_together_each_hears_what_became_of_it()
    {
        var (begins, sees, loses, given) = await ClaimAsync();
        await _database.ExecuteAsync("INSERT INTO notifier.seen_mark (site, recipient, conversation, seq) VALUES ('acme', $1, 'c', 5), ('acme', $2, 'c', 3), ('acme', 'somebody-else', 'c', 9)", sees.Recipient.Recipient, begins.Recipient.Recipient);
        await OvertakeAsync(loses);
        await _database.ExecuteAsync("UPDATE notifier.email_attempt SET state = 'withdrawn' WHERE id = $1", given.Id);

        var mark = new Dictionary<string, long> { ["c"] = 3 };
        var starts = await EmailAttemptStore.BeginDataAsync(_connection, [.. new[] { given, sees, begins, loses }.Select(e => new WrittenEmail(e, mark, []))], Lease, Stop);

        Assert.Equal([DataStart.Overtaken, DataStart.Outdated, DataStart.Begun, DataStart.Overtaken], starts);
        Assert.Equal(["data", "sending", "sending", "withdrawn"], await StatesAsync(begins, sees, loses, given));
    }

    [Fact]
    public async Task Of_those_that_end_together_only_those_that_are_still_ours_do()
    {
        var (sent, later, loses, given) = await ClaimAsync();
        await EmailAttemptStore.BeginDataAsync(_connection, [new(sent, new Dictionary<string, long>(), [])], Lease, Stop);
        await OvertakeAsync(loses);
        await _database.ExecuteAsync("DELETE FROM notifier.email_attempt WHERE id = $1", given.Id);

        var (now, ours) = await EmailAttemptStore.FinishAsync(
            _connection,
            [
                new(loses, "sent", "250 ok", null, true), new(sent, "sent", "250 ok", null, true), new(given, "sent", "250 ok", null, true),
                new(later, "retry", "451 not now", TimeSpan.FromMinutes(5), false),
            ], Stop);

        Assert.True(ours.SetEquals([(sent.Id, sent.Fence), (later.Id, later.Fence)]));
        Assert.Equal(["sent", "retry", "sending"], await StatesAsync(sent, later, loses));
        Assert.True(await _database.ScalarAsync<bool>("SELECT finished_at IS NULL AND next_at = $2 AND attempts = 0 AND lease_until IS NULL FROM notifier.email_attempt WHERE id = $1", later.Id, now.AddMinutes(5)));
        Assert.True(await _database.ScalarAsync<bool>("SELECT finished_at = $2 AND attempts = 1 AND answer = '250 ok' FROM notifier.email_attempt WHERE id = $1", sent.Id, now));

        // Twice does nothing: who did not hear of the commit may write it again.
        Assert.Empty((await EmailAttemptStore.FinishAsync(_connection, [new(sent, "sent", "250 ok", null, true)], Stop)).Ours);
    }

    [Fact]
    public async Task A_claim_is_renewed_while_it_is_ours_and_what_is_being_written_is_not_waited_for()
    {
        var (held, locked, loses, _) = await ClaimAsync();
        await OvertakeAsync(loses);
        await _database.AdvanceAsync(Lease / 2);
        await using var writer = await _database.DataSource.OpenConnectionAsync(Stop);
        await using var transaction = await writer.BeginTransactionAsync(Stop);
        await using (var writing = new NpgsqlCommand("SELECT FROM notifier.email_attempt WHERE id = $1 FOR UPDATE", writer, transaction) { Parameters = { new() { Value = locked.Id } } }) await writing.ExecuteNonQueryAsync(Stop);

        await _attempts.RenewAsync([locked, loses, held], Stop);

        const string left = "SELECT lease_until - notifier.now() > $2 FROM notifier.email_attempt WHERE id = $1";
        Assert.True(await _database.ScalarAsync<bool>(left, held.Id, Lease * 0.9));
        Assert.False(await _database.ScalarAsync<bool>(left, locked.Id, Lease * 0.9));
        Assert.False(await _database.ScalarAsync<bool>(left, loses.Id, Lease * 0.9));
    }

    private async Task<(ClaimedEmail, ClaimedEmail, ClaimedEmail, ClaimedEmail)> ClaimAsync()
    {
        var claimed = await _attempts.ClaimAsync(10, [], [], Stop);
        Assert.Equal(4, claimed.Count);
        return (claimed[0], claimed[1], claimed[2], claimed[3]);
    }

    /// <summary>As if another worker had claimed it since.</summary>
    private Task<int> OvertakeAsync(ClaimedEmail email) => _database.ExecuteAsync("UPDATE notifier.email_attempt SET fence = fence + 1 WHERE id = $1", email.Id);

    private async Task<string[]> StatesAsync(params ClaimedEmail[] emails)
    {
        var states = new List<string>();
        foreach (var email in emails) states.Add(await _database.ScalarAsync<string>("SELECT state FROM notifier.email_attempt WHERE id = $1", email.Id));
        return [.. states];
    }
}

using Microsoft.Extensions.Options;
using Notifier.Domain;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Email;
using Notifier.Worker.Storage;
using Npgsql;

namespace Notifier.Tests.Storage;

/// <summary>Emails that were due long before anybody was there to decide them.</summary>
public sealed class LateEmailTests(PostgresCluster cluster) : IAsyncLifetime
{
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(15);

    private TestDatabase _database = null!;
    private NpgsqlConnection _connection = null!;
    private EmailAttemptStore _attempts = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _database = await cluster.CreateDatabaseAsync();
        _connection = await _database.DataSource.OpenConnectionAsync(Stop);
        _attempts = new EmailAttemptStore(_database.DataSource, Options.Create(new EmailOptions()));
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _database.DisposeAsync();
    }

    [Fact]
    public async Task A17_What_was_due_first_is_taken_first_and_counts_as_late_from_an_hour_on()
    {
        await OrderAsync(("now", TimeSpan.Zero), ("oldest", TimeSpan.FromHours(6)), ("newer", TimeSpan.FromMinutes(59)), ("older", TimeSpan.FromMinutes(61)));

        var taken = new List<(string, bool)>();
        for (var i = 0; i < 4; i++) taken.Add(Assert.Single(await _attempts.ClaimAsync(1, [], [], Stop)) is var email ? (email.Recipient.Recipient, email.IsLate) : default);

        Assert.Equal([("oldest", true), ("older", true), ("newer", false), ("now", false)], taken);
    }

    [Fact]
    public async Task An_email_that_waits_for_a_slow_server_or_its_next_attempt_is_not_late()
    {
        await OrderAsync(("slow", TimeSpan.Zero), ("again", TimeSpan.FromHours(6)));
        var again = Assert.Single(await _attempts.ClaimAsync(1, [], [], Stop));
        await EmailAttemptStore.FinishAsync(_connection, [new(again, "retry", "451 not now", TimeSpan.FromMinutes(1), true)], Stop);
        await _database.AdvanceAsync(TimeSpan.FromHours(2));

        Assert.All(await _attempts.ClaimAsync(2, [], [], Stop), email => Assert.False(email.IsLate));
    }

    [Fact]
    public async Task What_is_late_and_was_decided_just_now_has_lost_no_alarm()
    {
        await OrderAsync(("bob", TimeSpan.FromHours(6)));
        Assert.Null(await EmailAttemptStore.IsOverdueAsync(_connection, Tolerance, Stop));

        await _database.AdvanceAsync(2 * Tolerance);
        Assert.NotNull(await EmailAttemptStore.IsOverdueAsync(_connection, Tolerance, Stop));
    }

    private async Task OrderAsync(params (string Recipient, TimeSpan Late)[] emails)
    {
        var now = await _database.NowAsync();
        await using var batch = new NpgsqlBatch(_connection)
        {
            BatchCommands =
            {
                EmailAttemptStore.Order([.. emails.Select((e, n) => new EmailOrder(
                    Guid.CreateVersion7(), $"<{n}@acme.example>", new RecipientKey("acme", e.Recipient), ["c"], ["m"], now - e.Late))]),
            },
        };
        await batch.ExecuteNonQueryAsync(Stop);
    }
}

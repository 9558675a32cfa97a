using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Tests.EndToEnd;

/// <summary>What befalls a worker, PostgreSQL and the nats-server while events come by NATS: nothing is lost, and nothing is taken twice.</summary>
public sealed class NatsFaultScenarios(NatsFaultScenarios.OwnCluster stage) : IClassFixture<NatsFaultScenarios.OwnCluster>
{
    private const int Messages = 200;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_killed_with_a_batch_in_hand_before_its_commit_the_batch_comes_again_and_each_event_is_taken_once()
    {
        var bob = await stage.PersonAsync(device: false);
        await using (var hold = await HoldAsync("notifier.event_key"))
        {
            await SendAsync(bob);
            await stage.ConsumerAsync(c => c.NumAckPending > 0, "a batch in hand");
            stage.Worker.KillHard();
        }
        await stage.RestartWorkerAsync();
        await TakenOnceAsync(bob);
    }

    [Fact]
    public async Task A_worker_killed_after_the_commit_and_before_the_acknowledgement_each_event_is_taken_once()
    {
        var bob = await stage.PersonAsync(device: false);
        await using (var hold = await HoldAsync("notifier.event_key"))
        {
            await SendAsync(bob);
            await stage.ConsumerAsync(c => c.NumAckPending > 0, "a batch in hand");
            stage.Way.ToServer.Delay = TimeSpan.FromMinutes(5); // no acknowledgement arrives from now on
        }
        await stage.Database.WaitUntilAsync("SELECT EXISTS (SELECT FROM notifier.escalation_message WHERE recipient = $1)", Stage.Soon, "something committed", bob.Id);
        stage.Worker.KillHard();
        stage.Way.Cut();
        stage.Way.ToServer.Delay = TimeSpan.Zero;
        Assert.True((await stage.ConsumerAsync()).NumAckPending > 0, "nothing was acknowledged");
        await stage.RestartWorkerAsync();
        await TakenOnceAsync(bob);
    }

    [Fact]
    public async Task The_nats_server_killed_and_started_again_the_worker_says_so_goes_on_and_takes_what_comes_after()
    {
        var bob = await stage.PersonAsync(device: false);
        await SendAsync(bob);
        await stage.Server.KillAsync();
        await stage.HealthAsync("unreachable");
        await stage.PutAsync($"/v1/sites/acme/recipients/{bob.Id}", new { email = bob.Address, name = "still here" });

        await stage.Server.StartAgainAsync();
        await stage.HealthAsync("ok");
        await stage.PublishAsync(bob.Said("c", "after", Messages + 1));
        await TakenOnceAsync(bob, more: 1);
    }

    [Fact]
    public async Task Two_workers_share_the_stream_and_each_event_is_taken_once()
    {
        var bob = await stage.PersonAsync(device: false);
        await using var second = await stage.StartWorkerAsync();
        var batches = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (!await HasTakenAsync(stage.Worker) || !await HasTakenAsync(second))
        {
            Assert.True(batches < 300, "one of the two takes nothing");
            await stage.SendAsync([.. Enumerable.Range(batches * 10, 10).Select(n => bob.Said("c", $"m-{n}", n + 1))]);
            batches++;
            await timer.WaitForNextTickAsync(Stop);
        }
        await TakenOnceAsync(bob, more: batches * 10 - Messages);

        static async Task<bool> HasTakenAsync(ServiceProcess worker) =>
            (await worker.Client.GetStringAsync("/metrics", Stop)).Contains("notifier_nats_messages_total{result=\"stored\"}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_nats_server_hanging_for_a_while_nothing_is_lost_or_doubled()
    {
        var bob = await stage.PersonAsync(device: false);
        await SendAsync(bob);
        stage.Server.Hang();
        await stage.HealthAsync("unreachable");
        stage.Server.GoOn();
        await stage.HealthAsync("ok");
        await TakenOnceAsync(bob);
    }

    [Fact]
    public async Task PostgreSQL_crashed_and_started_again_what_was_handed_back_is_taken_without_a_restart_of_the_worker()
    {
        var bob = await stage.PersonAsync(device: false);
        await stage.Cluster.CrashAsync();
        await SendAsync(bob);
        await stage.LineAsync("Events were handed back to NATS");
        await stage.Cluster.StartAsync();
        await TakenOnceAsync(bob);
    }

    private async Task SendAsync(Person person)
    {
        for (var i = 0; i < Messages; i += 10) await stage.SendAsync([.. Enumerable.Range(i, 10).Select(n => person.Said("c", $"m-{n}", n + 1))]);
    }

    private async Task TakenOnceAsync(Person person, int more = 0)
    {
        await stage.DecidedAsync();
        Assert.Equal(Messages + more, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.escalation_message WHERE recipient = $1", person.Id));
        // Each decided once as it came: what had been taken twice would be decided twice.
        Assert.Equal(0, await stage.Database.ScalarAsync<long>(
            "SELECT count(*) FROM (SELECT FROM notifier.decision WHERE recipient = $1 AND channel = 'push' GROUP BY message, reason HAVING count(*) > 1) AS twice", person.Id));
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.dead_letter"));
    }

    /// <summary>Keeps everybody from writing to a table, until it is disposed.</summary>
    private async Task<NpgsqlConnection> HoldAsync(string table)
    {
        var connection = await stage.Database.DataSource.OpenConnectionAsync(Stop);
        await using var command = new NpgsqlCommand($"BEGIN; LOCK TABLE {table} IN EXCLUSIVE MODE", connection);
        await command.ExecuteNonQueryAsync(Stop);
        return connection;
    }

    /// <summary>With a PostgreSQL of its own, to be crashed, and a way from the worker to NATS that can be cut.</summary>
    public sealed class OwnCluster : NatsStage
    {
        public OwnCluster()
            : this(new PostgresCluster())
        {
        }

        private OwnCluster(PostgresCluster cluster)
            : base(cluster) => Cluster = cluster;

        public PostgresCluster Cluster { get; }

        public TcpProxy Way { get; private set; } = null!;

        public override async ValueTask InitializeAsync()
        {
            await Cluster.InitializeAsync();
            await base.InitializeAsync();
        }

        protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Nats__Url"] = $"nats://127.0.0.1:{(Way ??= new TcpProxy(Server.Port)).Port}" };

        /// <summary>Waits for a line of the worker's log.</summary>
        public async Task LineAsync(string text)
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            for (var i = 0; i < 3000 && !Worker.Output.Contains(text, StringComparison.Ordinal); i++) await timer.WaitForNextTickAsync(Stop);
            Assert.Contains(text, Worker.Output, StringComparison.Ordinal);
        }

        public override async ValueTask DisposeAsync()
        {
            await base.DisposeAsync();
            await Way.DisposeAsync();
            await Cluster.DisposeAsync();
        }
    }
}

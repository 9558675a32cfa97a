using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Tests.Relay;

/// <summary>What is different with NATS between the nodes, and what is left when it is away.</summary>
public sealed class NatsNodeTests(PostgresCluster cluster)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Messages_and_signals_go_over_NATS_and_neither_a_bell_nor_a_row_of_a_signal_is_needed()
    {
        await using var server = await NatsServer.StartAsync();
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, ("Nats:Url", server.Url));
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, ("Nats:Url", server.Url));
        await AllByNatsAsync(database, one, other);
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        await one.PublishAsync("first", "ada", "bob");
        await bob.EventAsync("first");
        await TypeUntilHeardAsync(ada, bob);
        var rung = 0;
        await using var listening = await database.DataSource.OpenConnectionAsync(Stop);
        listening.Notification += (_, _) => rung++;
        await ExecuteAsync(listening, "LISTEN relay_accepted");
        await ExecuteAsync(listening, "TRUNCATE relay.signal");
        using var ways = new Ways(other);

        for (var i = 0; i < 20; i++) await one.PublishAsync($"n-{i}", "ada", "bob");
        await bob.EventAsync("n-19");
        await ada.SendAsync(new { t = "typing", conv = "c-1" });
        await ada.SendAsync(new { t = "seen", cid = "s-1", conv = "c-1", seq = 1 });
        await ada.WaitAsync("ok"); // committed with the batch that a signal would have been in

        await ExecuteAsync(listening, "SELECT 1");
        Assert.Equal(0, rung);
        Assert.Equal(0, await database.ScalarAsync<long>("SELECT count(*) FROM relay.signal"));
        Assert.Equal(20, ways["nats"]);
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"n-{i}").Prepend("first"), Ids(bob));
    }

    [Fact]
    public async Task The_nats_server_killed_while_busy_nothing_is_lost_or_doubled_each_node_s_order_stays_and_it_is_used_again_when_it_returns()
    {
        await using var server = await NatsServer.StartAsync();
        await using var database = await cluster.CreateDatabaseAsync();
        (string, string)[] settings = [("Nats:Url", server.Url), ("Relay:FramesPerSecond", "100000"), ("Relay:FrameBurst", "100000")];
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, settings);
        await AllByNatsAsync(database, one, other);
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        ada.Acknowledges = bob.Acknowledges = true;
        await database.WaitUntilAsync("SELECT count(*) = 2 FROM relay.connected", Soon, "both are known to be connected");

        using var end = new CancellationTokenSource();
        var sent = new int[2];
        var busy = Task.WhenAll(PublishAsync(one, 0), PublishAsync(other, 1));
        await ada.EventAsync("1-30");
        await server.KillAsync();
        await NatsFixture.SayAsync("unreachable", one, other);
        var away = Volatile.Read(ref sent[0]);
        await bob.EventAsync($"0-{away + 30}");
        await server.StartAgainAsync();
        await NatsFixture.ReadyAsync(one, other);
        await database.WaitUntilAsync("SELECT bool_and(by_nats) FROM relay.node", Soon, "both say so");
        using var ways = new Ways(other);
        var back = Volatile.Read(ref sent[0]);
        await bob.EventAsync($"0-{back + 50}");
        await end.CancelAsync();
        await busy;
        foreach (var client in (RelayClient[])[ada, bob])
            for (var node = 0; node < 2; node++) await client.EventAsync($"{node}-{sent[node] - 1}");

        foreach (var client in (RelayClient[])[ada, bob])
            for (var node = 0; node < 2; node++)
                Assert.Equal(Enumerable.Range(0, sent[node]).Select(i => $"{node}-{i}"), Ids(client).Where(id => id.StartsWith($"{node}-", StringComparison.Ordinal)));
        Assert.True(ways["nats"] > 0, "it goes over NATS again");
        await database.WaitUntilAsync("SELECT count(*) = $1 FROM relay.outcome WHERE delivered", Soon, "each delivered, once", 2L * (sent[0] + sent[1]));

        async Task PublishAsync(RelayHost host, int node)
        {
            for (; !end.IsCancellationRequested; Interlocked.Increment(ref sent[node])) Assert.Equal(202, (await host.PublishAsync($"{node}-{sent[node]}", "ada", "bob")).Status);
        }
    }

    [Fact]
    public async Task What_is_too_large_for_the_server_comes_by_way_of_the_database_and_in_its_order()
    {
        await using var server = await NatsServer.StartAsync("max_payload: 4096");
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, ("Nats:Url", server.Url));
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, ("Nats:Url", server.Url));
        await AllByNatsAsync(database, one, other);
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        for (var i = 0; i < 12; i++)
            Assert.Equal(202, (await one.SendAsync(HttpMethod.Post, "/v1/publish", RelayHost.Message($"l-{i}", ["bob"], text: new string('x', i % 3 == 1 ? 8000 : 10)))).Status);
        await bob.EventAsync("l-11");
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"l-{i}"), Ids(bob));
    }

    [Fact]
    public async Task With_one_node_that_has_no_NATS_all_hear_all_and_no_signal_twice()
    {
        await using var server = await NatsServer.StartAsync();
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, ("Nats:Url", server.Url));
        await using var two = await RelayHost.StartAsync(database.RelayConnectionString, ("Nats:Url", server.Url));
        await using var deaf = await RelayHost.StartAsync(database.RelayConnectionString);
        await NatsFixture.ReadyAsync(one, two);
        await database.WaitUntilAsync("SELECT count(*) = 3 AND count(*) FILTER (WHERE by_nats) = 2 FROM relay.node", Soon, "three nodes, two of them by NATS");
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        await using var bob = await RelayClient.ConnectAsync(two.Address, "bob");
        await using var eve = await RelayClient.ConnectAsync(deaf.Address, "eve");
        foreach (var (host, id) in new[] { (one, "d-1"), (deaf, "d-2"), (two, "d-3") }) await host.PublishAsync(id, "ada", "bob", "eve");
        foreach (var client in (RelayClient[])[ada, bob, eve])
            foreach (var id in (string[])["d-1", "d-2", "d-3"]) await client.EventAsync(id);
        await TypeUntilHeardAsync(ada, eve);
        await TypeUntilHeardAsync(ada, bob);

        await ada.SendAsync(new { t = "seen", cid = "s-1", conv = "c-1", seq = 77 });
        await bob.WaitAsync("seen", f => f.GetProperty("seq").GetInt64() == 77);
        await ada.SendAsync(new { t = "seen", cid = "s-2", conv = "c-1", seq = 78 });
        await bob.WaitAsync("seen", f => f.GetProperty("seq").GetInt64() == 78);
        Assert.Single(bob.Frames.Entries, f => RelayClient.Kind(f) == "seen" && f.GetProperty("seq").GetInt64() == 77);
        foreach (var client in (RelayClient[])[ada, bob, eve]) Assert.Equal(3, client.Events.Length);
    }

    [Fact]
    public async Task A_server_that_does_not_let_the_nodes_at_their_subjects_is_as_good_as_none()
    {
        await using var server = await NatsServer.StartAsync(
            """authorization { users: [ { user: "r", password: "secret", permissions: { publish: ["other.>"], subscribe: ["other.>", "_INBOX.>"] } } ] }""");
        await using var database = await cluster.CreateDatabaseAsync();
        (string, string)[] settings = [("Nats:Url", server.Url), ("Nats:User", "r"), ("Nats:Password", "secret")];
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, settings);
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        await NatsFixture.SayAsync("unreachable", one, other);
        using var ways = new Ways(other);
        await one.PublishAsync("p-1", "bob");
        await bob.EventAsync("p-1");
        Assert.Equal((0, 1), (ways["nats"], ways["postgres"]));
    }

    /// <summary>Each node looks for others every two seconds: until then nothing is sent to them.</summary>
    private static async Task TypeUntilHeardAsync(RelayClient from, RelayClient to)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!to.Frames.Entries.Any(f => RelayClient.Kind(f) == "typing"))
        {
            await from.SendAsync(new { t = "typing", conv = "c-1" });
            await timer.WaitForNextTickAsync(Stop);
        }
    }

    private static async Task AllByNatsAsync(TestDatabase database, params RelayHost[] hosts)
    {
        await NatsFixture.ReadyAsync(hosts);
        await database.WaitUntilAsync("SELECT count(*) = $1 AND bool_and(by_nats) FROM relay.node", Soon, "all hear each other by NATS", (long)hosts.Length);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Stop);
    }

    private static string[] Ids(RelayClient client) => [.. client.Events.Select(e => e.GetProperty("id").GetString()!)];

    /// <summary>Counts, from now on, by which way a node hears of the messages of others.</summary>
    private sealed class Ways : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly ConcurrentDictionary<string, long> _counts = [];

        public Ways(RelayHost host)
        {
            var its = host.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Name == "relay_carried_total" && instrument.Meter.Scope == its) listening.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, count, tags, _) => _counts.AddOrUpdate((string)tags[0].Value!, count, (_, before) => before + count));
            _listener.Start();
        }

        public long this[string way] => _counts.GetValueOrDefault(way);

        public void Dispose() => _listener.Dispose();
    }
}

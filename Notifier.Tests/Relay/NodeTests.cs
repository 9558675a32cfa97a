using Microsoft.Extensions.DependencyInjection;
using Notifier.Relay.Fanout;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>Nodes that hear each other by way of the database.</summary>
public sealed class NodesByPostgres(PostgresCluster cluster) : NodeTests(cluster);

/// <summary>Nodes that hear each other over NATS.</summary>
public sealed class NodesByNats(PostgresCluster cluster, NatsFixture nats) : NodeTests(cluster), IClassFixture<NatsFixture>
{
    private protected override (string Name, string Value)[] Settings => nats.Settings;

    private protected override Task ReadyAsync(params RelayHost[] hosts) => NatsFixture.ReadyAsync(hosts);
}

/// <summary>Two relays on one database.</summary>
public abstract class NodeTests(PostgresCluster cluster)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private protected virtual (string Name, string Value)[] Settings => [];

    private protected virtual Task ReadyAsync(params RelayHost[] hosts) => Task.CompletedTask;

    [Fact]
    public async Task What_is_published_on_one_node_reaches_people_of_both_and_each_has_one_outcome()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await ReadyAsync(one, other);
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        ada.Acknowledges = bob.Acknowledges = true;
        await database.WaitUntilAsync("SELECT count(*) = 2 FROM relay.connected", Soon, "both are known to be connected");
        await other.PublishAsync("warm-up", "ada", "bob");
        await ada.EventAsync("warm-up");

        for (var i = 0; i < 20; i++) await (i % 2 == 0 ? one : other).PublishAsync($"n-{i}", "ada", "bob", "nobody");
        await ada.EventAsync("n-19");
        await bob.EventAsync("n-18");

        await database.WaitUntilAsync("SELECT count(*) = 60 FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message LIKE 'n-%'", Soon, "all outcomes");
        Assert.Equal(
            ["ada delivered 20", "bob delivered 20", "nobody undelivered 20"],
            await database.ListAsync<string>(
                """
                SELECT concat_ws(' ', r ->> 'id', r ->> 'outcome', count(*))
                FROM notifier.inbox i, jsonb_array_elements(i.body::jsonb #> '{data,recipients}') r WHERE i.body::jsonb #>> '{data,message,id}' LIKE 'n-%' GROUP BY r ->> 'id', r ->> 'outcome' ORDER BY 1
                """));
        foreach (var client in (RelayClient[])[ada, bob])
            Assert.Equal(21, client.Events.Select(e => e.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(21, ada.Events.Length);
    }

    [Fact]
    public async Task Typing_crosses_nodes()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await ReadyAsync(one, other);
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        await one.PublishAsync("t-1", "ada", "bob");
        await bob.EventAsync("t-1");
        // Each node looks for others every two seconds: the first frames of somebody who has just come may be lost.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (!bob.Frames.Entries.Any(f => RelayClient.Kind(f) == "typing"))
        {
            await ada.SendAsync(new { t = "typing", conv = "c-1" });
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task Whose_node_is_killed_goes_on_at_another_with_every_message_once_and_in_order()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        var settings = RelayHost.ProcessSettings(database);
        foreach (var (name, value) in Settings) settings[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        await using var killed = await ServiceProcess.StartRelayAsync(settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await SeeEachOtherAsync(other);
        killed.Client.DefaultRequestHeaders.Authorization = new("Bearer", RelayHost.Key);
        await using var before = await RelayClient.ConnectAsync(killed.Client.BaseAddress!, "ada");
        before.Acknowledges = true;

        using var end = new CancellationTokenSource();
        var accepted = new List<string>[] { [], [] };
        var publishing = Task.WhenAll(PublishAsync(killed.Client, 0), PublishAsync(other.Http, 1));
        foreach (var id in (string[])["0-20", "1-20"]) await before.EventAsync(id);
        killed.KillHard();
        await before.ClosedAsync();
        await using var after = await before.ResumeAsync(other.Address, "ada");
        var more = $"1-{accepted[1].Count + 20}";
        await after.EventAsync(more);
        await end.CancelAsync();
        await publishing;

        Assert.Equal("full", after.Welcome.GetProperty("rec").GetString());
        foreach (var ids in accepted)
        {
            if (!Ids(before).Contains(ids[^1])) await after.EventAsync(ids[^1]);
            // One that came before its commit may come again, under the same id: a client drops it. What the killed node had not accepted may have come as well.
            Assert.Equal(ids, Ids(before).Concat(Ids(after)).Distinct().Where(ids.Contains));
        }
        foreach (var client in (RelayClient[])[before, after]) Assert.Equal(client.Events.Length, Ids(client).Distinct().Count());

        async Task PublishAsync(HttpClient http, int node)
        {
            try
            {
                for (var n = 0; !end.IsCancellationRequested; n++)
                {
                    using var message = new StringContent(RelayHost.Message($"{node}-{n}", ["ada"]), System.Text.Encoding.UTF8, "application/json");
                    using var answer = await http.PostAsync("/v1/publish", message, TestContext.Current.CancellationToken);
                    Assert.Equal(202, (int)answer.StatusCode);
                    accepted[node].Add($"{node}-{n}");
                }
            }
            catch (HttpRequestException) when (node == 0)
            {
                // Killed.
            }
        }
    }

    private static string[] Ids(RelayClient client) => [.. client.Events.Select(e => e.GetProperty("id").GetString()!)];

    [Fact]
    public async Task Who_moves_to_another_node_is_not_offline_when_the_grace_is_over_on_the_one_that_was_left()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        (string, string)[] settings = [.. Settings, ("Relay:Grace", "00:00:01")];
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, settings);
        await SeeEachOtherAsync(one, other);
        await using var eve = await RelayClient.ConnectAsync(one.Address, "eve");
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        await using var left = await RelayClient.ConnectAsync(one.Address, "ada");
        await one.PublishAsync("p-1", "ada", "bob", "eve");
        foreach (var client in (RelayClient[])[eve, bob]) await client.EventAsync("p-1");

        left.Abort();
        await using var ada = await left.ResumeAsync(other.Address, "ada");

        await eve.WaitAsync("pres", f => Says(f, "ada", "offline"));
        await eve.Frames.WaitForAsync(_ => States(eve, "ada")[^1] == "online", Soon, "ada online after she was offline");
        await eve.SendAsync(new { t = "typing", conv = "c-1" }); // goes the same way as what was said of her before
        await bob.WaitAsync("typing");
        Assert.Equal("online", States(bob, "ada")[^1]);
        Assert.DoesNotContain("offline", States(bob, "ada"));
    }

    [Fact]
    public async Task Who_has_moved_to_another_node_and_is_idle_there_is_not_online_within_the_grace_to_who_comes_to_the_one_that_was_left()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, [.. Settings, ("Relay:Grace", "00:00:09.9")]);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await SeeEachOtherAsync(one, other);
        await using var eve = await RelayClient.ConnectAsync(one.Address, "eve");
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        await using var left = await RelayClient.ConnectAsync(one.Address, "ada");
        await one.PublishAsync("i-1", "ada", "bob", "eve");
        foreach (var client in (RelayClient[])[eve, bob]) await client.EventAsync("i-1");
        left.Abort();
        Assert.True(one.Services.GetRequiredService<People>().TryGet(new("acme", "ada"), out var person));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (person.Connections.Length > 0) await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);

        await using var ada = await RelayClient.ConnectAsync(other.Address, "ada", state: "idle");
        await eve.WaitAsync("pres", f => Says(f, "ada", "idle"));
        await using var late = await RelayClient.ConnectAsync(one.Address, "bob");
        await late.WaitAsync("pres", f => Says(f, "ada", "idle")); // the other node has answered
        await using var back = await RelayClient.ConnectAsync(one.Address, "ada"); // … and she comes back, no more present than this node had last told
        await late.WaitAsync("pres", f => Says(f, "ada", "online"));

        Assert.Equal("idle", States(late, "ada")[0]);
        await eve.Frames.WaitForAsync(_ => States(eve, "ada")[^1] == "online", Soon, "ada online again");
    }

    [Fact]
    public async Task Whose_connection_died_in_silence_is_as_present_as_on_the_node_they_moved_to_once_that_is_noticed()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(
            database.RelayConnectionString, [.. Settings, ("Relay:Grace", "00:00:09.9"), ("Relay:PingAfter", "00:00:06"), ("Relay:PongTimeout", "00:00:01")]);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await SeeEachOtherAsync(one, other);
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        await using var silent = await RelayClient.ConnectAsync(one.Address, "ada"); // acknowledges, and answers no ping
        silent.Acknowledges = bob.Acknowledges = true;
        await one.PublishAsync("z-1", "ada", "bob");
        await bob.EventAsync("z-1");

        await using var ada = await RelayClient.ConnectAsync(other.Address, "ada", state: "idle");
        await bob.WaitAsync("pres", f => Says(f, "ada", "idle"));
        await bob.Frames.WaitForAsync(_ => States(bob, "ada") is [.., "idle", "online"], Soon, "online by what the node that was left believes");

        var known = States(bob, "ada").Length;

        Assert.Equal(4012, await silent.ClosedAsync());
        await bob.Frames.WaitForAsync(_ => States(bob, "ada").Length > known, Soon, "news of ada, when the silence was noticed");
        Assert.Equal("idle", States(bob, "ada")[known]);
        Assert.True(one.Services.GetRequiredService<People>().TryGet(new("acme", "ada"), out _), "the grace is over: the other node has corrected that she is gone");
    }

    [Fact]
    public async Task Who_comes_hears_who_is_there_on_other_nodes_too()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await SeeEachOtherAsync(one, other);
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada", state: "idle");
        await using var eve = await RelayClient.ConnectAsync(other.Address, "eve");
        await one.PublishAsync("w-1", "ada", "bob", "eve");
        await eve.EventAsync("w-1"); // so the other node knows who shares the conversation

        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");

        await bob.WaitAsync("pres", f => Says(f, "ada", "idle"));
        Assert.DoesNotContain(ada.Frames.Entries, f => RelayClient.Kind(f) == "who");
    }

    [Fact]
    public async Task The_site_ends_a_person_s_connections_on_every_node()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await using var other = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await ReadyAsync(one, other);
        await using var here = await RelayClient.ConnectAsync(one.Address, "leaver");
        await using var there = await RelayClient.ConnectAsync(other.Address, "leaver");
        await using var stays = await RelayClient.ConnectAsync(other.Address, "ada");
        Assert.Equal(204, (await one.SendAsync(HttpMethod.Post, "/v1/disconnect", """{"site":"acme","recipient":"leaver"}""")).Status);
        Assert.Equal((4500, 4500), (await here.ClosedAsync(), await there.ClosedAsync()));
        await stays.SendAsync(new { t = "ping" });
        await stays.WaitAsync("pong");
    }

    [Fact]
    public async Task A_signal_that_is_committed_after_one_with_a_higher_id_reaches_the_other_nodes_all_the_same_and_once()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var host = await RelayHost.StartAsync(database.RelayConnectionString, Settings);
        await using var first = await RelayClient.ConnectAsync(host.Address, "first");
        await using var ada = await RelayClient.ConnectAsync(host.Address, "ada");
        await using var writer = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using var open = await writer.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using var late = new Npgsql.NpgsqlBatch(writer, open) { BatchCommands = { new(Signal("first", "disconnect")), new(Signal("ada", "low")) } };
        await late.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

        await database.ExecuteAsync(Signal("ada", "high"));
        await ada.WaitAsync("high");
        await database.ExecuteAsync(Signal("ada", "higher"));
        await ada.WaitAsync("higher"); // read after the one before, with the lower still open
        await open.CommitAsync(TestContext.Current.CancellationToken);

        await ada.WaitAsync("low");
        Assert.Equal(4500, await first.ClosedAsync());
        await database.ExecuteAsync(Signal("ada", "last"));
        await ada.WaitAsync("last");
        Assert.Equal(["high", "higher", "low", "last"], ada.Frames.Entries.Select(f => RelayClient.Kind(f)!).Where(kind => kind is "high" or "higher" or "low" or "last"));

        static string Signal(string to, string kind) => $$"""INSERT INTO relay.signal (node, site, recipients, frame) VALUES ('another', 'acme', '{{{to}}}', '{"t":"{{kind}}"}')""";
    }

    private static bool Says(System.Text.Json.JsonElement frame, string who, string state) => frame.GetProperty("who").GetString() == who && frame.GetProperty("st").GetString() == state;

    /// <summary>What a client was told of somebody, in order.</summary>
    private static string[] States(RelayClient client, string who) =>
        [.. client.Frames.Entries.Where(f => RelayClient.Kind(f) == "pres" && f.GetProperty("who").GetString() == who).Select(f => f.GetProperty("st").GetString()!)];

    /// <summary>Each node looks for others every two seconds: until then nothing is sent to them.</summary>
    private async Task SeeEachOtherAsync(params RelayHost[] hosts)
    {
        await ReadyAsync(hosts);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!hosts.All(host => host.Services.GetRequiredService<Signals>().HasOthers)) await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_relay_works_with_a_role_that_may_do_nothing_else()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        var role = $"relay_{Guid.NewGuid():N}";
        await database.ExecuteAsync($"CREATE ROLE {role} LOGIN IN ROLE relay_node");
        await using var host = await RelayHost.StartAsync(new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role }.ConnectionString, Settings);
        await using (var ada = await RelayClient.ConnectAsync(host.Address, "ada"))
        {
            ada.Acknowledges = true;
            Assert.Equal(202, (await host.PublishAsync("r-1", "ada", "bob")).Status);
            await ada.SendAsync(new { t = "seen", cid = "s-1", conv = "c-1", seq = 1 });
            await ada.WaitAsync("ok");
            await database.WaitUntilAsync("SELECT count(*) = 2 FROM relay.outcome", Soon, "both outcomes");
        }
        await host.StopAsync();
        foreach (var forbidden in (string[])["SELECT * FROM notifier.inbox", "DELETE FROM relay.accepted", "SELECT relay.sweep(1)", "SELECT notifier.now()"])
        {
            await using var source = Npgsql.NpgsqlDataSource.Create(new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role });
            await using var command = source.CreateCommand(forbidden);
            Assert.Equal("42501", (await Assert.ThrowsAsync<Npgsql.PostgresException>(() => command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken))).SqlState);
        }
        await database.ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }
}

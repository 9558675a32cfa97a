using System.Net.Http.Headers;
using System.Text;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>With nodes that hear each other by way of the database.</summary>
public sealed class ResumeByPostgres(PostgresCluster cluster) : ResumeTests(cluster);

/// <summary>With nodes that hear each other over NATS.</summary>
public sealed class ResumeByNats(PostgresCluster cluster, NatsFixture nats) : ResumeTests(cluster), IClassFixture<NatsFixture>
{
    private protected override (string Name, string Value)[] Settings => nats.Settings;

    private protected override Task ReadyAsync(params RelayHost[] hosts) => NatsFixture.ReadyAsync(hosts);
}

/// <summary>Who comes back to another node, or after a restart, gets what was missed, and that alone.</summary>
public abstract class ResumeTests(PostgresCluster cluster)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    private protected virtual (string Name, string Value)[] Settings => [];

    private protected virtual Task ReadyAsync(params RelayHost[] hosts) => Task.CompletedTask;

    [Fact]
    public async Task Who_moves_to_another_node_gets_what_was_missed_whole_and_in_order_and_each_message_has_one_outcome()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.ConnectionString, Settings);
        await using var other = await RelayHost.StartAsync(database.ConnectionString, Settings);
        await ReadyAsync(one, other);
        var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        ada.Acknowledges = true;
        await database.WaitUntilAsync("SELECT count(*) = 1 FROM relay.connected", Soon, "known to be connected");
        for (var i = 0; i < 5; i++) await (i % 2 == 0 ? one : other).PublishAsync($"a-{i}", "ada", "bob");
        for (var i = 0; i < 5; i++) await ada.EventAsync($"a-{i}");
        await ada.DisposeAsync();
        for (var i = 5; i < 10; i++) await (i % 2 == 0 ? one : other).PublishAsync($"a-{i}", "ada", "bob");

        await using var moved = await ada.ResumeAsync(other.Address, "ada");
        moved.Acknowledges = true;
        Assert.Equal("full", Recovery(moved));
        await other.PublishAsync("a-10", "ada", "bob");
        for (var i = 5; i <= 10; i++) await moved.EventAsync($"a-{i}");

        // What is told twice is told by its id.
        Assert.Equal(11, Ids(ada, moved).Distinct().Count());
        Assert.Equal(["a-6", "a-8"], Ids(moved).Distinct().Where(id => id is "a-6" or "a-8"));
        Assert.Equal(["a-5", "a-7", "a-9", "a-10"], Ids(moved).Distinct().Where(id => id is "a-5" or "a-7" or "a-9" or "a-10"));
        Assert.Equal(moved.Events.Select(Offset).Order(), moved.Events.Select(Offset));
        await DeliveredAsync(database, "ada", 11);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_restart_of_the_only_relay_nothing_is_missing_and_nothing_has_two_outcomes(bool killed)
    {
        await using var database = await cluster.CreateDatabaseAsync();
        var settings = ForProcess(database);
        RelayClient ada;
        await using (var relay = await ServiceProcess.StartRelayAsync(settings))
        {
            ada = await RelayClient.ConnectAsync(relay.Client.BaseAddress!, "ada");
            ada.Acknowledges = true;
            for (var i = 0; i < 5; i++) await PublishAsync(relay.Client, $"r-{i}");
            await ada.EventAsync("r-4");
            ada.Abort();
            for (var i = 5; i < 10; i++) await PublishAsync(relay.Client, $"r-{i}");
            if (killed) relay.KillHard();
            else await relay.StopAsync();
        }

        await using var again = await ServiceProcess.StartRelayAsync(settings);
        await using var back = await ada.ResumeAsync(again.Client.BaseAddress!, "ada");
        back.Acknowledges = true;
        Assert.Equal("full", Recovery(back));
        await PublishAsync(again.Client, "r-9"); // whoever did not hear the 202
        await PublishAsync(again.Client, "r-10");
        await back.EventAsync("r-10");

        Assert.Equal(Enumerable.Range(0, 11).Select(i => $"r-{i}"), Ids(ada, back).Distinct());
        Assert.Equal(Ids(back).Distinct(), Ids(back));
        await DeliveredAsync(database, "ada", 11);
        await ada.DisposeAsync();
    }

    [Fact]
    public async Task One_of_two_nodes_is_killed_while_busy_and_nothing_is_lost_and_no_outcome_is_missing_or_doubled()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var dies = await ServiceProcess.StartRelayAsync(ForProcess(database));
        await using var lives = await ServiceProcess.StartRelayAsync(ForProcess(database));
        string[] people = ["ada", "bob", "cleo"];
        var before = await Task.WhenAll(people.Select(p => RelayClient.ConnectAsync(dies.Client.BaseAddress!, p)));
        foreach (var client in before) client.Acknowledges = true;
        await database.WaitUntilAsync($"SELECT count(*) = {people.Length} FROM relay.connected", Soon, "known to be connected");

        // A site publishes at either; what the one does not answer, it says to the other.
        const int Lanes = 4, Each = 60;
        var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        async Task PublishManyAsync(int number)
        {
            for (var n = 0; n < Each; n++)
            {
                if (n == Each / 2) half.TrySetResult();
                try
                {
                    await PublishAsync((n % 2 == 0 ? dies : lives).Client, $"k-{number}-{n}", people);
                }
                catch (HttpRequestException)
                {
                    await PublishAsync(lives.Client, $"k-{number}-{n}", people);
                }
            }
        }
        var load = Enumerable.Range(0, Lanes).Select(PublishManyAsync).ToArray();
        await half.Task;
        dies.KillHard();
        await Task.WhenAll(load);

        var published = Enumerable.Range(0, Lanes).SelectMany(number => Enumerable.Range(0, Each).Select(n => $"k-{number}-{n}")).Append("last").Order();
        foreach (var (client, person) in before.Zip(people))
        {
            await client.DisposeAsync();
            await using var back = await client.ResumeAsync(lives.Client.BaseAddress!, person);
            Assert.Equal("full", Recovery(back));
            back.Acknowledges = true;
            await PublishAsync(lives.Client, "last", people);
            await back.EventAsync("last");
            Assert.Equal(published, Ids(client, back).Distinct().Order());
            Assert.Equal(back.Events.Select(Offset).Order(), back.Events.Select(Offset));
            await DeliveredAsync(database, person, Lanes * Each + 1);
        }
    }

    [Fact]
    public async Task Broken_off_in_the_middle_of_what_was_missed_it_goes_on_there()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        RelayClient ada;
        await using (var before = await RelayHost.StartAsync(database.ConnectionString, Settings))
        {
            ada = await RelayClient.ConnectAsync(before.Address, "ada");
            await using (ada)
            {
                for (var i = 0; i < 6; i++) await before.PublishAsync($"m-{i}", "ada");
                await before.PublishAsync("m-other", "bob");
            }
        }
        await using var host = await RelayHost.StartAsync(database.ConnectionString, Settings);
        await using var first = await RelayClient.ConnectAsync(host.Address, "ada", (ada.Epoch, 0), accepted: ada.Welcome.GetProperty("x").GetInt64());
        var third = await first.EventAsync("m-2");
        await using var second = await RelayClient.ConnectAsync(host.Address, "ada", (first.Epoch, Offset(third)), accepted: third.GetProperty("x").GetInt64());
        await second.EventAsync("m-5");
        Assert.Equal(["m-3", "m-4", "m-5"], Ids(second));
    }

    [Fact]
    public async Task What_is_too_old_or_too_much_is_a_gap()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        RelayClient ada;
        await using (var before = await RelayHost.StartAsync(database.ConnectionString, Settings))
        {
            ada = await RelayClient.ConnectAsync(before.Address, "ada");
            await ada.DisposeAsync();
            for (var i = 0; i < 4; i++) await before.PublishAsync($"o-{i}", "ada");
        }
        await using (var few = await RelayHost.StartAsync(database.ConnectionString, [.. Settings, ("Relay:ResumeEvents", "3")]))
        await using (var back = await ada.ResumeAsync(few.Address, "ada"))
            Assert.Equal("gap", Recovery(back));
        await using (var enough = await RelayHost.StartAsync(database.ConnectionString, [.. Settings, ("Relay:ResumeEvents", "4")]))
        await using (var back = await ada.ResumeAsync(enough.Address, "ada"))
            Assert.Equal("full", Recovery(back));
        await using (var small = await RelayHost.StartAsync(database.ConnectionString, [.. Settings, ("Relay:RetainEvents", "3")]))
        await using (var back = await ada.ResumeAsync(small.Address, "ada"))
            Assert.Equal("gap", Recovery(back));
        await database.ExecuteAsync("UPDATE relay.accepted SET accepted_at = accepted_at - interval '3 minutes' WHERE message = 'o-0'");
        await using (var late = await RelayHost.StartAsync(database.ConnectionString, Settings))
        await using (var back = await ada.ResumeAsync(late.Address, "ada"))
            Assert.Equal("gap", Recovery(back));
        await database.ExecuteAsync("DELETE FROM relay.accepted");
        await using var empty = await RelayHost.StartAsync(database.ConnectionString, Settings);
        await using var gone = await ada.ResumeAsync(empty.Address, "ada");
        Assert.Equal("gap", Recovery(gone));
        Assert.Empty(gone.Events);
        await using var none = await gone.ResumeAsync(empty.Address, "ada");
        Assert.Equal("full", Recovery(none));
    }

    [Fact]
    public async Task Who_waited_for_a_long_time_with_nothing_to_hear_is_told_by_the_pings_where_it_stands()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var other = await RelayHost.StartAsync(database.ConnectionString, [.. Settings, ("Relay:RetainEvents", "3")]);
        await using var one = await RelayHost.StartAsync(database.ConnectionString, [.. Settings, ("Relay:RetainEvents", "3"), ("Relay:PingAfter", "00:00:01")]);
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        for (var i = 0; i < 10; i++) await one.PublishAsync($"b-{i}", "bob");
        var ping = await ada.WaitAsync("ping", f => f.TryGetProperty("x", out var x) && x.GetInt64() == 10);
        Assert.Equal(10, Offset(ping));
        await using var moved = await ada.ResumeAsync(other.Address, "ada");
        Assert.Equal("full", Recovery(moved));
    }

    /// <summary>Each message is told as delivered (at once, or late where a busy machine let a deadline pass), and has one first outcome.</summary>
    private static Task DeliveredAsync(TestDatabase database, string person, int messages) => database.WaitUntilAsync(
        $$"""
        SELECT count(DISTINCT message) FILTER (WHERE outcome = 'delivered') = {{messages}} AND count(*) FILTER (WHERE first) = {{messages}} AND count(*) FILTER (WHERE outcome = 'delivered') = {{messages}}
        FROM (
          SELECT i.body::jsonb #>> '{data,message,id}' AS message, r ->> 'outcome' AS outcome, i.event_id NOT LIKE '%:late:%' AS first
          FROM notifier.inbox i, jsonb_array_elements(i.body::jsonb #> '{data,recipients}') r
          WHERE i.body::jsonb ->> 'type' = 'message.outcome' AND r ->> 'id' = '{{person}}') AS told
        """, Soon, "each message delivered, once");

    private Dictionary<string, string> ForProcess(TestDatabase database)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Notifier"] = database.ConnectionString,
            ["Connect__SigningKey"] = RelayHost.ConnectKey,
            ["Connect__Origins__0"] = RelayHost.Origin,
            ["Intake__ApiKeys__0"] = RelayHost.Key,
            ["Relay__FramesPerSecond"] = "100000",
        };
        foreach (var (name, value) in Settings) settings[name.Replace(":", "__", StringComparison.Ordinal)] = value;
        return settings;
    }

    private static async Task PublishAsync(HttpClient http, string id, params string[] to)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/publish") { Content = new StringContent(RelayHost.Message(id, to is [] ? ["ada"] : to), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RelayHost.Key);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(202, (int)answer.StatusCode);
    }

    private static string? Recovery(RelayClient client) => client.Welcome.GetProperty("rec").GetString();

    private static long Offset(System.Text.Json.JsonElement frame) => frame.GetProperty("o").GetInt64();

    private static IEnumerable<string> Ids(params RelayClient[] clients) => clients.SelectMany(c => c.Events).Select(e => e.GetProperty("id").GetString()!);
}

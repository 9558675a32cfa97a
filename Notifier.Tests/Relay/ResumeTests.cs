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

    [Fact]
    public async Task Who_moves_to_another_node_does_not_acknowledge_there_what_could_not_be_opened()
    {
        const string Delivered = "SELECT a.message FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE o.delivered AND a.recipients[o.recipient] = 'ada'";
        await using var database = await cluster.CreateDatabaseAsync();
        await using var one = await RelayHost.StartAsync(database.ConnectionString, [.. Settings, ("Relay:PingAfter", "00:00:01")]);
        await using var other = await RelayHost.StartAsync(database.ConnectionString, Settings);
        await ReadyAsync(one, other);
        await using var ada = await RelayClient.ConnectAsync(one.Address, "ada");
        await using var bob = await RelayClient.ConnectAsync(other.Address, "bob");
        await database.WaitUntilAsync("SELECT count(*) = 2 FROM relay.connected", Soon, "known to be connected");
        foreach (var id in (string[])["a-open", "a-shut", "a-last"]) await one.PublishAsync(id, "ada", "bob");
        await bob.EventAsync("a-last"); // so the other node knows all of them
        await ada.WaitAsync("ping", f => f.TryGetProperty("x", out var x) && x.GetInt64() == 3); // and she says that she has them
        ada.Abort();

        await using var moved = await ada.ResumeAsync(other.Address, "ada", unread: "a-shut");
        Assert.Equal("full", Recovery(moved));
        await other.PublishAsync("a-new", "ada");
        await moved.AckAsync(Offset(await moved.EventAsync("a-new")));

        await database.WaitUntilAsync($"SELECT count(*) = 3 FROM ({Delivered}) AS d WHERE message <> 'a-shut'", Soon, "what was opened is delivered");
        Assert.Equal(["a-last", "a-new", "a-open"], await database.ListAsync<string>($"{Delivered} ORDER BY 1"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_a_restart_of_the_only_relay_nothing_is_missing_and_nothing_has_two_outcomes(bool killed)
    {
        await using var database = await cluster.CreateDatabaseAsync();
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Notifier"] = database.ConnectionString,
            ["Connect__SigningKey"] = RelayHost.ConnectKey,
            ["Connect__Origins__0"] = RelayHost.Origin,
            ["Intake__ApiKeys__0"] = RelayHost.Key,
        };
        foreach (var (name, value) in Settings) settings[name.Replace(":", "__", StringComparison.Ordinal)] = value;
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

    private static async Task PublishAsync(HttpClient http, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/publish") { Content = new StringContent(RelayHost.Message(id, ["ada"]), Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", RelayHost.Key);
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(202, (int)answer.StatusCode);
    }

    private static string? Recovery(RelayClient client) => client.Welcome.GetProperty("rec").GetString();

    private static long Offset(System.Text.Json.JsonElement frame) => frame.GetProperty("o").GetInt64();

    private static IEnumerable<string> Ids(params RelayClient[] clients) => clients.SelectMany(c => c.Events).Select(e => e.GetProperty("id").GetString()!);
}

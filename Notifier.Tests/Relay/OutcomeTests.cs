using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Notifier.Relay.Fanout;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>A relay with the timers it ships with: a busy machine must not run them out. Who waits for one to end starts a relay with a short one.</summary>
public sealed class OutcomeRelay(PostgresCluster cluster) : IAsyncLifetime
{
    internal RelayHost Host { get; private set; } = null!;

    internal TestDatabase Database { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await cluster.CreateDatabaseAsync();
        Host = await RelayHost.StartAsync(Database.RelayConnectionString);
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Database.DisposeAsync();
    }
}

public sealed class OutcomeTests(OutcomeRelay relay) : IClassFixture<OutcomeRelay>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(15);

    private Uri Address => relay.Host.Address;

    [Theory]
    [InlineData("online")]
    [InlineData("idle")]
    public async Task Nobody_acknowledges_so_the_client_is_asked_and_then_it_is_undelivered_and_an_acknowledgement_comes_late(string state)
    {
        var who = $"silent-{state}";
        await using var host = await RelayHost.StartAsync(
            relay.Database.RelayConnectionString, ("Relay:AckVisible", "00:00:00.4"), ("Relay:AckHidden", "00:00:00.8"), ("Relay:AckProbe", "00:00:00.4"));
        await using var client = await RelayClient.ConnectAsync(host.Address, who, state: state);
        await host.PublishAsync($"m-{who}", who);
        var message = await client.EventAsync($"m-{who}");
        await client.WaitAsync("ping");
        await client.SendAsync(new { t = "pong" }); // lives, and has not opened it
        await ToldAsync($"m-{who}", $"{who} undelivered ack_timeout {state}");

        await client.AckAsync(message.GetProperty("o").GetInt64());
        await ToldAsync($"m-{who}", $"{who} delivered {state}", $"{who} undelivered ack_timeout {state}");
    }

    [Fact]
    public async Task Who_was_disconnected_within_the_grace_and_is_back_stays_known_as_connected_when_it_would_have_been_over()
    {
        await using var host = await RelayHost.StartAsync(relay.Database.RelayConnectionString, ("Relay:Grace", "00:00:01"));
        async Task DropAsync(string who)
        {
            await (await RelayClient.ConnectAsync(host.Address, who)).DisposeAsync();
            await LeftAsync(host, who);
        }
        await DropAsync("sent-away");
        Assert.Equal(204, (await host.SendAsync(HttpMethod.Post, "/v1/disconnect", """{"site":"acme","recipient":"sent-away"}""")).Status);
        await using var back = await RelayClient.ConnectAsync(host.Address, "sent-away");
        await DropAsync("next"); // whose grace ends after the other one would have

        await relay.Database.WaitUntilAsync("SELECT count(*) = 1 FROM relay.connected WHERE recipient = 'sent-away'", Soon, "she is back");
        await relay.Database.WaitUntilAsync("SELECT count(*) = 1 FROM notifier.inbox WHERE body::jsonb #>> '{data,recipient}' = 'next' AND body::jsonb #>> '{data,presence}' = 'offline'", Soon, "the next one is gone");
        Assert.Equal(1L, await relay.Database.ScalarAsync<long>("SELECT count(*) FROM relay.connected WHERE recipient = 'sent-away'"));
    }

    [Fact]
    public async Task What_a_client_could_not_open_is_undelivered_although_it_acknowledges_what_came_after_it()
    {
        await using var host = await RelayHost.StartAsync(
            relay.Database.RelayConnectionString, ("Relay:AckVisible", "00:00:00.4"), ("Relay:AckHidden", "00:00:00.8"), ("Relay:AckProbe", "00:00:00.4"));
        await using var client = await RelayClient.ConnectAsync(host.Address, "keyless");
        foreach (var id in (string[])["open-1", "shut", "open-2"]) await host.PublishAsync(id, "keyless");
        await client.SendAsync(new { t = "unread", o = (await client.EventAsync("shut")).GetProperty("o").GetInt64() });
        await client.AckAsync((await client.EventAsync("open-2")).GetProperty("o").GetInt64());
        await client.WaitAsync("ping");
        await client.SendAsync(new { t = "pong" });

        await ToldAsync("shut", "keyless undelivered ack_timeout online");
        foreach (var id in (string[])["open-1", "open-2"]) await ToldAsync(id, "keyless delivered online");
    }

    [Fact]
    public async Task What_a_client_could_not_open_is_undelivered_also_when_it_drops_before_it_could_say_so()
    {
        var host = relay.Host;
        await using var first = await RelayClient.ConnectAsync(host.Address, "cut-off");
        foreach (var id in (string[])["cut-1", "cut-shut", "cut-2"]) await host.PublishAsync(id, "cut-off");
        await first.EventAsync("cut-2");
        first.Abort();
        await LeftAsync(host, "cut-off");

        await using var back = await first.ResumeAsync(host.Address, "cut-off", unread: "cut-shut");
        Assert.Equal(("full", 0), (back.Welcome.GetProperty("rec").GetString(), back.Welcome.GetProperty("n").GetInt32()));
        await host.PublishAsync("cut-3", "cut-off");
        await back.AckAsync((await back.EventAsync("cut-3")).GetProperty("o").GetInt64());

        foreach (var id in (string[])["cut-1", "cut-2", "cut-3"]) await ToldAsync(id, "cut-off delivered online");
        await ToldAsync("cut-shut", "cut-off undelivered ack_timeout online");
    }

    [Fact]
    public async Task Who_says_bye_is_gone_at_once()
    {
        await using var client = await RelayClient.ConnectAsync(Address, "leaving");
        await relay.Host.PublishAsync("m-bye", "leaving");
        await client.EventAsync("m-bye");
        await client.SendAsync(new { t = "bye" });
        await client.CloseAsync();

        await ToldAsync("m-bye", "leaving undelivered gone online");
        await PresenceAsync("leaving", "offline");
        await relay.Host.PublishAsync("m-bye-2", "leaving");
        await ToldAsync("m-bye-2", "leaving undelivered offline offline");
    }

    [Fact]
    public async Task Who_drops_is_not_gone_for_a_while_and_coming_back_with_the_position_is_an_acknowledgement()
    {
        var first = await RelayClient.ConnectAsync(Address, "roaming");
        await relay.Host.PublishAsync("m-roam-1", "roaming");
        var offset = (await first.EventAsync("m-roam-1")).GetProperty("o").GetInt64();
        await first.DisposeAsync();
        await relay.Host.PublishAsync("m-roam-2", "roaming");

        await using var second = await RelayClient.ConnectAsync(Address, "roaming", (first.Epoch, offset));
        await second.AckAsync((await second.EventAsync("m-roam-2")).GetProperty("o").GetInt64());

        await ToldAsync("m-roam-1", "roaming delivered online");
        await ToldAsync("m-roam-2", "roaming delivered online");
    }

    [Fact]
    public async Task Who_reloads_the_page_acknowledges_what_the_page_has_from_the_site()
    {
        var first = await RelayClient.ConnectAsync(Address, "reloading");
        await first.CloseAsync();
        await using var witness = await RelayClient.ConnectAsync(Address, "f5-witness");
        await relay.Host.PublishAsync("m-f5", "f5-witness", "reloading");
        await witness.AckAsync((await witness.EventAsync("m-f5")).GetProperty("o").GetInt64()); // it is in the log: the answer does not wait for that

        await using var second = await RelayClient.ConnectAsync(Address, "reloading");
        Assert.Equal("none", second.Welcome.GetProperty("rec").GetString());
        await second.AckAsync(second.Welcome.GetProperty("o").GetInt64());

        await ToldAsync("m-f5", "f5-witness delivered online", "reloading delivered online");
        Assert.Empty(second.Events);
    }

    [Fact]
    public async Task Who_does_not_come_back_is_gone_after_the_grace()
    {
        await using var host = await RelayHost.StartAsync(relay.Database.RelayConnectionString, ("Relay:Grace", "00:00:01"));
        var client = await RelayClient.ConnectAsync(host.Address, "lost");
        await host.PublishAsync("m-lost-1", "lost");
        await client.EventAsync("m-lost-1");
        await client.DisposeAsync();
        await host.PublishAsync("m-lost-2", "lost");

        await ToldAsync("m-lost-1", "lost undelivered gone online");
        await ToldAsync("m-lost-2", "lost undelivered gone online");
        await PresenceAsync("lost", "offline");
    }

    [Fact]
    public async Task A_position_of_another_epoch_or_beyond_the_log_is_a_gap()
    {
        await using var other = await RelayClient.ConnectAsync(Address, "gapped", ("another", 0));
        await using var beyond = await RelayClient.ConnectAsync(Address, "gapped", (other.Epoch, 1_000_000));
        await using var top = await RelayClient.ConnectAsync(Address, "gapped", (other.Epoch, other.Welcome.GetProperty("o").GetInt64()));

        Assert.Equal(("gap", "gap", "full"), (Recovery(other), Recovery(beyond), Recovery(top)));
    }

    [Fact]
    public async Task What_is_kept_for_resume_has_a_bound_and_beyond_it_there_is_a_gap()
    {
        await using var host = await RelayHost.StartAsync(relay.Database.RelayConnectionString, ("Relay:RetainEvents", "5"));
        var first = await RelayClient.ConnectAsync(host.Address, "bounded");
        await host.PublishAsync("b-1", "bounded");
        var offset = (await first.EventAsync("b-1")).GetProperty("o").GetInt64();
        await first.DisposeAsync();
        for (var i = 2; i <= 6; i++) await host.PublishAsync($"b-{i}", "bounded");
        await using var whole = await RelayClient.ConnectAsync(host.Address, "bounded", (first.Epoch, offset));
        await using var somebody = await RelayClient.ConnectAsync(host.Address, "somebody");
        await host.PublishAsync("b-7", "somebody");
        await somebody.EventAsync("b-7");
        await using var torn = await RelayClient.ConnectAsync(host.Address, "bounded", (first.Epoch, offset));

        Assert.Equal(("full", "gap"), (Recovery(whole), Recovery(torn)));
        await whole.EventAsync("b-6");
        Assert.Empty(torn.Events);
    }

    [Fact]
    public async Task A_lease_per_site_and_presence_reach_the_inbox()
    {
        await using var client = await RelayClient.ConnectAsync(Address, "present", state: "active", conversation: "c-7");
        await relay.Database.WaitUntilAsync(
            "SELECT EXISTS (SELECT FROM notifier.inbox WHERE body::jsonb ->> 'type' = 'relay.alive' AND body::jsonb #>> '{data,node}' = $1)", Soon, "a lease", client.Epoch);
        await relay.Database.WaitUntilAsync(
            """
            SELECT EXISTS (SELECT FROM notifier.inbox WHERE body::jsonb #> '{data}' @> jsonb_build_object('recipient', 'present', 'presence', 'active', 'conversation', 'c-7', 'node', $1::text))
            """, Soon, "presence", client.Epoch);
        await client.SendAsync(new { t = "pres", st = "idle", idle = 300 });
        await PresenceAsync("present", "idle");
    }

    [Fact]
    public async Task Who_shares_a_conversation_sees_the_others_presence_typing_and_marks_and_nobody_else_does()
    {
        await using var ada = await RelayClient.ConnectAsync(Address, "p-ada");
        await using var stranger = await RelayClient.ConnectAsync(Address, "p-stranger");
        await relay.Host.SendAsync(HttpMethod.Post, "/v1/publish", RelayHost.Message("p-1", ["p-ada"], "c-shared", sender: "p-bob"));
        var bob = await RelayClient.ConnectAsync(Address, "p-bob");
        await ada.WaitAsync("pres", f => f.GetProperty("who").GetString() == "p-bob" && f.GetProperty("st").GetString() == "online");
        await bob.WaitAsync("pres", f => f.GetProperty("who").GetString() == "p-ada");

        await ada.SendAsync(new { t = "typing", conv = "c-shared" });
        Assert.Equal("p-ada", (await bob.WaitAsync("typing")).GetProperty("who").GetString());
        await ada.SendAsync(new { t = "seen", cid = "s-1", conv = "c-shared", seq = 1 });
        Assert.Equal("s-1", (await ada.WaitAsync("ok")).GetProperty("cid").GetString());
        var seen = await bob.WaitAsync("seen");
        Assert.Equal(("p-ada", 1), (seen.GetProperty("by").GetString(), seen.GetProperty("seq").GetInt32()));
        await stranger.SendAsync(new { t = "typing", conv = "c-shared" });
        await bob.SendAsync(new { t = "bye" });
        await bob.CloseAsync();
        await ada.WaitAsync("pres", f => f.GetProperty("st").GetString() == "offline");

        Assert.DoesNotContain(stranger.Frames.Entries, f => RelayClient.Kind(f) is "pres" or "typing" or "seen");
        Assert.DoesNotContain(ada.Frames.Entries, f => RelayClient.Kind(f) is "typing");
        Assert.Equal(1L, await relay.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox WHERE body::jsonb ->> 'type' = 'conversation.seen' AND body::jsonb #>> '{data,recipient}' = 'p-ada' AND body::jsonb #>> '{data,device}' = 'd-1'"));
    }

    [Fact]
    public async Task A_mark_that_is_repeated_is_one_event_and_two_answers()
    {
        await using var client = await RelayClient.ConnectAsync(Address, "again");
        for (var i = 0; i < 2; i++) await client.SendAsync(new { t = "seen", cid = "s-2", conv = "c-x", seq = 5 });
        await client.Frames.WaitForAsync(f => client.Frames.Entries.Count(e => RelayClient.Kind(e) == "ok") == 2, Soon, "two answers");
        Assert.Equal(1L, await relay.Database.ScalarAsync<long>("SELECT count(*) FROM notifier.inbox WHERE body::jsonb #>> '{data,recipient}' = 'again' AND body::jsonb ->> 'type' = 'conversation.seen'"));
    }

    [Fact]
    public async Task What_a_relay_has_left_undecided_the_sweep_decides_once_and_a_late_word_changes_nothing()
    {
        await relay.Database.ExecuteAsync(
            """
            INSERT INTO relay.accepted (site, message, node, recipients, body, accepted_at) VALUES ('acme', 'swept', 'dead', '{a,b}',
              '{"id":"swept","conversation":"c","kind":"direct","sender":{"id":"s"},"text":"t"}', notifier.now() - interval '11 seconds');
            INSERT INTO relay.outcome SELECT id, 1, true FROM relay.accepted WHERE message = 'swept'
            """);
        await relay.Database.ExecuteAsync("SELECT relay.sweep(100), relay.sweep(100)");
        await ToldAsync("swept", "b undelivered relay_lost");

        await relay.Database.ExecuteAsync(
            "SELECT relay.decide('dead', ARRAY[id, id], '{1,2}', '{f,t}', '{gone,NULL}', '{offline,online}', '{NULL,NULL}', '{NULL,NULL}') FROM relay.accepted WHERE message = 'swept'");
        await ToldAsync("swept", "b delivered online", "b undelivered relay_lost");
    }

    /// <summary>Returns when a relay knows that somebody's connection has ended; the grace begins.</summary>
    private static async Task LeftAsync(RelayHost host, string who)
    {
        Assert.True(host.Services.GetRequiredService<People>().TryGet(new("acme", who), out var person));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (person.Connections.Length > 0) await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    private static string? Recovery(RelayClient client) => client.Welcome.GetProperty("rec").GetString();

    /// <summary>What the inbox has heard of a message, in all.</summary>
    private async Task ToldAsync(string message, params string[] expected)
    {
        const string told =
            """
            SELECT concat_ws(' ', r ->> 'id', r ->> 'outcome', r ->> 'reason', r ->> 'presence')
            FROM notifier.inbox i, jsonb_array_elements(i.body::jsonb #> '{data,recipients}') r WHERE i.body::jsonb #>> '{data,message,id}' = $1 ORDER BY r ->> 'id', r ->> 'outcome'
            """;
        await relay.Database.WaitUntilAsync($"SELECT (SELECT count(*) FROM ({told}) AS t) >= $2", Soon, $"{message} told of {expected.Length} times", message, expected.Length);
        Assert.Equal(expected, await relay.Database.ListAsync<string>(told, message));
    }

    private Task PresenceAsync(string who, string state) => relay.Database.WaitUntilAsync(
        "SELECT EXISTS (SELECT FROM notifier.inbox WHERE body::jsonb ->> 'type' = 'presence.changed' AND body::jsonb #>> '{data,recipient}' = $1 AND body::jsonb #>> '{data,presence}' = $2)",
        Soon, $"{who} is {state}", who, state);
}

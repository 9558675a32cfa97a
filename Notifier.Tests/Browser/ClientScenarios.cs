using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>The browser client in a real browser, on a real relay, over a link that is cut.</summary>
public sealed class ClientScenarios(ClientStage stage) : IClassFixture<ClientStage>
{
    private const string NoSharedWorker = "delete window.SharedWorker;";

    [Fact]
    public async Task Five_tabs_hold_one_connection_and_each_gets_every_message_once()
    {
        var ada = ClientStage.NewName("ada");
        await using var link = stage.OwnLink();
        var tabs = new List<Tab>();
        for (var i = 0; i < 5; i++) tabs.Add(await stage.OpenAsync(ada, link: link));
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "one", "two", "three");
        foreach (var tab in tabs) await ClientStage.ReceivedAsync(tab, "one", "two", "three");
        Assert.Equal(1, link.Connections);
        Assert.Equal("shared", (string?)(await ClientStage.StateAsync(tabs[0]))["via"]);
    }

    [Fact]
    public async Task What_is_sent_during_a_drop_arrives_after_it_once_and_in_order()
    {
        var ada = ClientStage.NewName("ada");
        var tab = await stage.OpenAsync(ada);
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "before");
        await ClientStage.ReceivedAsync(tab, "before");

        await stage.Link.RefuseAsync();
        stage.Link.Cut();
        await tab.WaitForAsync("told.state.state === 'waiting'", Stage.Soon, "the drop noticed");
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 2, "1", "2", "3", "4", "5");
        stage.Link.Accept();
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 7, "after");

        await ClientStage.ReceivedAsync(tab, "before", "1", "2", "3", "4", "5", "after");
        Assert.Equal(["start"], (await tab.EvaluateAsync("told.gaps"))!.AsArray().Select(g => (string?)g));
    }

    [Fact]
    public async Task More_than_can_be_replayed_is_a_gap_the_page_loads_from_its_site_and_no_part_of_it_comes_by_itself()
    {
        var ada = ClientStage.NewName("ada");
        var tab = await stage.OpenAsync(ada);
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "before");
        await ClientStage.ReceivedAsync(tab, "before");

        await stage.Link.RefuseAsync();
        stage.Link.Cut();
        await tab.WaitForAsync("told.state.state === 'waiting'", Stage.Soon, "the drop noticed");
        for (var half = 0; half < 2; half++) await stage.PublishAsync($"{ada}-c", "bob", [ada], 2 + half * 501, [.. Enumerable.Range(0, 501).Select(i => $"missed {half} {i}")]);
        stage.Link.Accept();
        await tab.WaitForAsync("told.gaps.length === 2", Stage.Soon, "the gap told");
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 2000, "after");

        await ClientStage.ReceivedAsync(tab, "before", "after");
        Assert.Equal(["start", "gap"], (await tab.EvaluateAsync("told.gaps"))!.AsArray().Select(g => (string?)g));
    }

    [Fact]
    public async Task A_relay_that_is_restarted_is_found_again_and_nothing_is_missing_or_told_twice()
    {
        var ada = ClientStage.NewName("ada");
        var tab = await stage.OpenAsync(ada);
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "before");
        await ClientStage.ReceivedAsync(tab, "before");
        foreach (var (hard, seq) in new[] { (false, 2), (true, 5) })
        {
            await stage.PublishAsync($"{ada}-c", "bob", [ada], seq, $"{seq}");
            await stage.RestartRelayAsync(hard);
            await stage.PublishAsync($"{ada}-c", "bob", [ada], seq, $"{seq}"); // by who did not hear the 202
            await stage.PublishAsync($"{ada}-c", "bob", [ada], seq + 1, $"{seq + 1}", $"{seq + 2}");
        }
        await ClientStage.ReceivedAsync(tab, "before", "2", "3", "4", "5", "6", "7");
        Assert.Equal(["start"], (await tab.EvaluateAsync("told.gaps"))!.AsArray().Select(g => (string?)g));
    }

    [Fact]
    public async Task A_tab_whose_process_crashes_takes_its_attention_with_it_and_the_others_go_on()
    {
        var (ada, bob) = (ClientStage.NewName("ada"), ClientStage.NewName("bob"));
        var conversation = $"{ada}-c";
        var other = await stage.OpenAsync(ada);
        var looking = await stage.OpenAsync(ada);
        await looking.EvaluateAsync($"client.show('{conversation}')");
        var watcher = await stage.OpenAsync(bob);
        await stage.PublishAsync(conversation, bob, [ada], 1, "hello");
        await watcher.WaitForAsync($"told.presences['{ada}'] === 'active'", Stage.Soon, "Ada here, for Bob");

        await looking.CrashAsync();
        await watcher.WaitForAsync($"['idle', 'online'].includes(told.presences['{ada}'])", Stage.Soon, "Ada no longer in the conversation");
        await stage.PublishAsync(conversation, bob, [ada], 2, "still there?");
        await ClientStage.ReceivedAsync(other, "hello", "still there?");
    }

    [Fact]
    public async Task A_SharedWorker_that_is_killed_is_replaced_and_no_message_is_lost_or_told_twice()
    {
        var ada = ClientStage.NewName("ada");
        Tab[] tabs = [await stage.OpenAsync(ada), await stage.OpenAsync(ada), await stage.OpenAsync(ada)];
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "1", "2");
        foreach (var tab in tabs) await ClientStage.ReceivedAsync(tab, "1", "2");

        var publishing = stage.PublishAsync($"{ada}-c", "bob", [ada], 3, "3", "4");
        Assert.True(await stage.Chromium.KillWorkersAsync() > 0);
        await publishing;
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 5, "5");
        foreach (var tab in tabs)
        {
            await ClientStage.ReceivedAsync(tab, "1", "2", "3", "4", "5");
            Assert.Equal("shared", (string?)(await ClientStage.StateAsync(tab))["via"]);
        }
    }

    [Fact]
    public async Task Without_SharedWorker_one_tab_leads_and_when_it_goes_another_takes_over()
    {
        var ada = ClientStage.NewName("ada");
        await using var link = stage.OwnLink();
        var leader = await stage.OpenAsync(ada, NoSharedWorker, link: link);
        Tab[] others = [await stage.OpenAsync(ada, NoSharedWorker, link: link), await stage.OpenAsync(ada, NoSharedWorker, link: link)];
        Assert.Equal("leader", (string?)(await ClientStage.StateAsync(others[0]))["via"]);
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "1");
        foreach (var tab in others) await ClientStage.ReceivedAsync(tab, "1");
        Assert.Equal(1, link.Connections);

        await leader.CloseAsync();
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 2, "2", "3");
        foreach (var tab in others) await ClientStage.ReceivedAsync(tab, "1", "2", "3");
        Assert.Equal(2, link.Connections);
    }

    [Fact]
    public async Task Without_locks_every_tab_has_a_connection_of_its_own()
    {
        var ada = ClientStage.NewName("ada");
        const string nothing = NoSharedWorker + "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });";
        Tab[] tabs = [await stage.OpenAsync(ada, nothing), await stage.OpenAsync(ada, nothing)];
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "hello");
        foreach (var tab in tabs)
        {
            await ClientStage.ReceivedAsync(tab, "hello");
            Assert.Equal("own", (string?)(await ClientStage.StateAsync(tab))["via"]);
        }
    }

    [Fact]
    public async Task Where_no_WebSocket_opens_the_client_polls()
    {
        var (ada, bob) = (ClientStage.NewName("ada"), ClientStage.NewName("bob"));
        var tab = await stage.OpenAsync(ada, NoSharedWorker + "window.WebSocket = class { constructor() { throw new DOMException('no', 'SecurityError'); } };");
        Assert.Equal("polling", (string?)(await ClientStage.StateAsync(tab))["transport"]);
        var watcher = await stage.OpenAsync(bob);
        await tab.ToFrontAsync();
        await tab.EvaluateAsync($"client.show('{ada}-c')");
        await stage.PublishAsync($"{ada}-c", bob, [ada], 1, "1", "2", "3");
        await ClientStage.ReceivedAsync(tab, "1", "2", "3");
        await watcher.WaitForAsync($"told.statuses.includes('{ada}-c 3 seen by {ada}')", Stage.Soon, "what a polling client says: seen");
    }

    [Fact]
    public async Task Two_people_see_each_other_come_type_get_the_message_look_at_it_and_go()
    {
        var (ada, bob) = (ClientStage.NewName("ada"), ClientStage.NewName("bob"));
        var conversation = $"{ada}-{bob}";
        var hers = await stage.OpenAsync(ada);
        var his = await stage.OpenAsync(bob);
        await stage.PublishAsync(conversation, ada, [bob], 1, "Hi Bob");
        await hers.WaitForAsync($"told.statuses.includes('{conversation} 1 delivered by {bob}')", Stage.Soon, "delivered");
        await hers.WaitForAsync($"told.presences['{bob}'] === 'online'", Stage.Soon, "Bob online");
        await his.WaitForAsync($"'{ada}' in told.presences", Stage.Soon, "Ada seen by Bob");

        await his.EvaluateAsync($"client.show('{conversation}', 1)");
        await hers.WaitForAsync($"told.statuses.includes('{conversation} 1 seen by {bob}')", Stage.Soon, "seen");
        await hers.WaitForAsync($"told.presences['{bob}'] === 'active'", Stage.Soon, "Bob in the conversation");
        await his.EvaluateAsync($"client.typing('{conversation}')");
        await hers.WaitForAsync($"told.typing.includes('{bob} true')", Stage.Soon, "Bob typing");
        await his.CloseAsync();
        await hers.WaitForAsync($"told.presences['{bob}'] === 'offline'", Stage.Soon, "Bob gone");
    }

    [Fact]
    public async Task What_is_on_the_screen_is_seen_after_a_second_and_not_before()
    {
        var ada = ClientStage.NewName("ada");
        var tab = await stage.OpenAsync(ada);
        await tab.ToFrontAsync();
        var after = (double)(await tab.EvaluateAsync(
            $$"""
            new Promise(seen => {
              const shown = performance.now(), push = told.statuses.push;
              told.statuses.push = function (status) { if (status === '{{ada}}-c 7 seen by {{ada}}') seen(performance.now() - shown); return push.call(this, status); };
              client.show('{{ada}}-c', 7);
            })
            """))!;
        Assert.InRange(after, 999, 60_000);
    }

    [Fact]
    public async Task A_hidden_tab_gets_the_message_and_it_counts_as_seen_when_the_tab_comes_to_the_front()
    {
        var (ada, bob) = (ClientStage.NewName("ada"), ClientStage.NewName("bob"));
        var conversation = $"{ada}-c";
        var watcher = await stage.OpenAsync(bob);
        var hidden = await stage.OpenAsync(ada);
        await hidden.EvaluateAsync($"client.show('{conversation}')");
        var front = await stage.OpenAsync(ada);
        await front.EvaluateAsync($"client.show('{ada}-d')");
        await hidden.WaitForAsync("document.visibilityState === 'hidden'", Stage.Soon, "the tab hidden");
        await stage.PublishAsync(conversation, bob, [ada], 1, "hello");
        await stage.PublishAsync($"{ada}-d", bob, [ada], 1, "in front");
        await watcher.WaitForAsync($"told.statuses.includes('{ada}-d 1 seen by {ada}')", Stage.Soon, "what is in the tab in front seen");
        Assert.Contains($"{conversation} 1 delivered by {ada}", (await watcher.EvaluateAsync("told.statuses"))!.AsArray().Select(s => (string?)s));
        Assert.DoesNotContain($"{conversation} 1 seen by {ada}", (await watcher.EvaluateAsync("told.statuses"))!.AsArray().Select(s => (string?)s));

        await hidden.ToFrontAsync();
        await watcher.WaitForAsync($"told.statuses.includes('{conversation} 1 seen by {ada}')", Stage.Soon, "seen");
    }

    [Fact]
    public async Task A_sealed_message_is_read_in_the_page_and_is_nowhere_in_the_relay_or_its_database()
    {
        var (ada, secret) = (ClientStage.NewName("ada"), $"meet me at {Guid.NewGuid()}");
        var tab = await stage.OpenAsync(ada);
        await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, secret);
        await ClientStage.ReceivedAsync(tab, secret);

        var memory = ProcessMemory.Of(stage.Relay.Id);
        Assert.Contains(memory.Find($"{ada}-c"), found => found); // the search finds what is there
        Assert.DoesNotContain(memory.Find(secret), found => found);
        Assert.Equal(0, await stage.Database.ScalarAsync<long>("SELECT count(*) FROM relay.accepted a WHERE a::text LIKE '%' || $1 || '%'", secret));
    }
}

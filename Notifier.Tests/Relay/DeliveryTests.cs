using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

public sealed class DeliveryTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private Uri Address => relay.Host.Address;

    [Fact]
    public async Task A_message_reaches_an_open_tab_and_its_acknowledgement_reaches_the_inbox()
    {
        await using var ada = await RelayClient.ConnectAsync(Address, "ada", state: "active", conversation: "c-1");
        await using var bob = await RelayClient.ConnectAsync(Address, "bob");

        var answer = await relay.Host.PublishAsync("m-1", "ada", "nobody");
        Assert.Equal((202, """{"accepted":1,"duplicates":0}"""), (answer.Status, answer.Body));
        var message = await ada.EventAsync("m-1");
        Assert.Equal("hello", message.GetProperty("d").GetProperty("text").GetString());
        await ada.AckAsync(message.GetProperty("o").GetInt64());

        await relay.Database.WaitUntilAsync("SELECT count(*) = 2 FROM relay.outcome o JOIN relay.accepted a ON a.id = o.accepted WHERE a.message = 'm-1'", Soon, "two outcomes");
        Assert.Equal("ada", (await bob.WaitAsync("dlv", f => f.GetProperty("id").GetString() == "m-1")).GetProperty("by").GetString());
        Assert.Equal(
            ["ada delivered active c-1", "nobody undelivered offline offline"],
            await relay.Database.ListAsync<string>(
                """
                SELECT concat_ws(' ', r ->> 'id', r ->> 'outcome', r ->> 'reason', r ->> 'presence', r ->> 'conversation')
                FROM notifier.inbox i, jsonb_array_elements(i.body::jsonb #> '{data,recipients}') r WHERE i.body::jsonb #>> '{data,message,id}' = 'm-1' ORDER BY 1
                """));
    }

    [Fact]
    public async Task What_was_sent_during_a_drop_arrives_after_it_once_and_in_order()
    {
        var first = await RelayClient.ConnectAsync(Address, "cid");
        await relay.Host.PublishAsync("r-1", "cid");
        var position = (first.Epoch, (await first.EventAsync("r-1")).GetProperty("o").GetInt64());
        await first.DisposeAsync();
        for (var i = 2; i <= 20; i++) await relay.Host.PublishAsync($"r-{i}", "cid", "somebody");

        await using var second = await RelayClient.ConnectAsync(Address, "cid", position);
        await relay.Host.PublishAsync("r-21", "cid");
        await second.EventAsync("r-21");

        Assert.Equal(("full", 19), (second.Welcome.GetProperty("rec").GetString(), second.Welcome.GetProperty("n").GetInt32()));
        Assert.Equal(Enumerable.Range(2, 20).Select(i => $"r-{i}"), second.Events.Select(e => e.GetProperty("id").GetString()));
    }
}

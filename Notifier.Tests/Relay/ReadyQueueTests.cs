using System.Text;
using System.Text.Json;
using Notifier.Relay.Connections;

namespace Notifier.Tests.Relay;

/// <summary>Sockets that are read and written by their descriptors.</summary>
public sealed class ReadyQueueTests(RelayFixture relay) : IClassFixture<RelayFixture>
{
    private const int People = 10, Times = 30;

    private int Port => relay.Host.Address.Port;

    /// <summary>The system gives a descriptor to the next connection as soon as it is closed.</summary>
    [Fact]
    public async Task Connections_that_break_while_messages_go_out_get_nothing_that_is_for_somebody_else_and_who_stays_gets_everything()
    {
        await using var stays = await RelayClient.ConnectAsync(relay.Host.Address, "stays");
        var isOver = false;
        var published = new List<string>();
        async Task PublishAsync()
        {
            for (var n = 0; !Volatile.Read(ref isOver); n++)
            {
                var id = $"for {n % People}, {n}";
                published.Add(id);
                Assert.Equal(202, (await relay.Host.PublishAsync(id, $"breaks-{n % People}", "stays")).Status);
            }
        }
        async Task BreakAsync(int person)
        {
            for (var i = 0; i < Times; i++)
            {
                using var socket = await RawSocket.ConnectAsync(Port, $"breaks-{person}"); // ends with what it has not read: a reset
                JsonElement frame;
                do frame = JsonElement.Parse((await socket.ReadAsync())!.Value.Text);
                while (RelayClient.Kind(frame) != "ev");
                Assert.StartsWith($"for {person},", frame.GetProperty("id").GetString(), StringComparison.Ordinal);
            }
        }

        var publishing = PublishAsync();
        await Task.WhenAll(Enumerable.Range(0, People).Select(BreakAsync));
        Volatile.Write(ref isOver, true);
        await publishing;

        await stays.EventAsync(published[^1]);
        Assert.Equal(published, stays.Events.Select(e => e.GetProperty("id").GetString()));
    }

    [Fact]
    public async Task Frames_are_read_however_they_are_cut()
    {
        using var socket = await RawSocket.ConnectAsync(Port, "cut");
        var ping = RawSocket.Masked(0x81, Encoding.UTF8.GetBytes("""{"t":"ping"}"""));
        foreach (var single in ping) await socket.SendAsync([single]);
        await socket.SendAsync([.. ping, .. ping, .. ping[..7]]);
        for (var answers = 0; answers < 3; answers++) Assert.Equal("""{"t":"pong"}""", (await socket.ReadAsync())!.Value.Text);
        await socket.SendAsync(ping[7..]);
        Assert.Equal("""{"t":"pong"}""", (await socket.ReadAsync())!.Value.Text);
    }

    [Theory]
    [InlineData("""{"t":"ack","o":1}""", 1L)]
    [InlineData("""{"t":"ack","o":9223372036854775807}""", long.MaxValue)]
    [InlineData("""{"t":"ack","o":9223372036854775808}""", null)]
    [InlineData("""{"t":"ack","o":0}""", null)]
    [InlineData("""{"t":"ack","o":-1}""", null)]
    [InlineData("""{"t":"ack","o":01}""", null)]
    [InlineData("""{"t":"ack","o":1.0}""", null)]
    [InlineData("""{"t":"ack","o":1e3}""", null)]
    [InlineData("""{"t":"ack","o":1} """, null)]
    [InlineData("""{"t":"ack","o":1,"x":2}""", null)]
    [InlineData("""{"t":"ack","o":1}}""", null)]
    [InlineData("""{"t":"ack","o":1""", null)]
    [InlineData("""{"t":"ack","o":""", null)]
    [InlineData("""{"t":"ack"}""", null)]
    public void A_plain_acknowledgement_means_what_the_reader_of_all_frames_makes_of_it_and_anything_else_is_left_to_that_one(string json, long? offset)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        Assert.Equal(offset, ClientFrame.IsPlainAck(bytes, out var plain) ? plain : null);
        if (offset is not null) Assert.Equal((ClientFrameKind.Ack, offset, null), (ClientFrame.Read(bytes)!.Kind, ClientFrame.Read(bytes)!.Offset, ClientFrame.Read(bytes)!.Fault));
    }
}

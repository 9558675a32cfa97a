using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Notifier.Relay;
using Notifier.Relay.Connections;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>The bounds of what waits for somebody who does not read.</summary>
public sealed class SlowConsumerTests(PostgresCluster cluster)
{
    [Fact]
    public async Task A_frame_larger_than_the_queue_ends_the_connection_once()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await client.ConnectAsync(listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var socket = await listener.AcceptSocketAsync(TestContext.Current.CancellationToken);
        socket.Blocking = false;
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var connection = new SocketConnection(socket, null, () => { }, 0, new RelayOptions { QueueBytes = 1 }) { Left = _ => left.SetResult() };

        var frame = Frame.Text(new byte[60_000]);
        for (var i = 0; i < 1000 && !connection.IsClosed; i++) connection.Send(frame);

        Assert.Equal(CloseCode.SlowConsumer, connection.ClosedWith);
        await left.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_queue_that_takes_not_even_one_frame_is_refused_at_the_start()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => RelayHost.StartAsync(database.RelayConnectionString, ("Relay:QueueBytes", "1000")));
        Assert.Contains("Relay__QueueBytes", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_does_not_read_for_too_long_is_closed_with_4008_however_little_waits()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var host = await RelayHost.StartAsync(database.RelayConnectionString, ("Relay:QueueAge", "00:00:00.5"), ("Relay:QueueBytes", "1000000000"));
        using var slow = await RawSocket.ConnectAsync(host.Address.Port, "slow", receiveBuffer: 4096);
        var connection = Assert.Single(host.Services.GetRequiredService<ConnectionTable>().All);
        for (var i = 0; i < 300 && !connection.IsClosed; i++)
            await host.SendAsync(HttpMethod.Post, "/v1/publish", RelayHost.Message($"old-{i}", ["slow"], text: new string('x', 40_000)));

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var tries = 0; !connection.IsClosed && tries < 1000; tries++) await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        Assert.Equal(CloseCode.SlowConsumer, connection.ClosedWith);
        Assert.Equal(4008, (await slow.ReadAllAsync())[^1].Code);
    }
}

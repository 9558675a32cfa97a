using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Notifier.Benchmarks.Email;

/// <summary>A link to a server on this machine on which every byte takes its time, each way.</summary>
internal sealed class DelayedLink : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly TimeSpan _oneWay;

    public DelayedLink(int target, TimeSpan roundTrip)
    {
        (_target, _oneWay) = (target, roundTrip / 2);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public void Dispose() => _listener.Stop();

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
            try
            {
                client.NoDelay = true;
                await server.ConnectAsync(IPAddress.Loopback, _target);
                await Task.WhenAll(OneWayAsync(client.GetStream(), server.GetStream()), OneWayAsync(server.GetStream(), client.GetStream()));
            }
            catch (Exception ended) when (ended is IOException or SocketException or ObjectDisposedException)
            {
            }
    }

    /// <summary>Reads on while what was read before is still on its way: a delay, and no limit to what is sent.</summary>
    private async Task OneWayAsync(NetworkStream from, NetworkStream to)
    {
        var onTheWay = Channel.CreateUnbounded<(long At, byte[] Bytes)>();
        var writing = WriteAsync();
        var buffer = new byte[64 << 10];
        while (await from.ReadAsync(buffer) is > 0 and var count) onTheWay.Writer.TryWrite((Stopwatch.GetTimestamp(), buffer[..count]));
        onTheWay.Writer.Complete();
        await writing;
        to.Socket.Shutdown(SocketShutdown.Send);

        async Task WriteAsync()
        {
            await foreach (var (at, bytes) in onTheWay.Reader.ReadAllAsync())
            {
                if (_oneWay - Stopwatch.GetElapsedTime(at) is { Ticks: > 0 } left) await Task.Delay(left);
                await to.WriteAsync(bytes);
            }
        }
    }
}

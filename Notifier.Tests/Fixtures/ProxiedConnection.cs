using System.Net;
using System.Net.Sockets;

namespace Notifier.Tests.Fixtures;

/// <summary>A client's connection to a <see cref="TcpProxy"/>, and the one to the server behind it.</summary>
internal sealed class ProxiedConnection(Socket client, TcpProxy proxy, CancellationToken end)
{
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public Task Done { get; private set; } = Task.CompletedTask;

    public void Start(int target, Action ended) => Done = RunAsync(target, ended);

    public void Reset()
    {
        foreach (var socket in (Socket[])[client, _server])
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has ended by itself.
            }
        }

        Close();
    }

    private async Task RunAsync(int target, Action ended)
    {
        await Task.Yield(); // whoever starts it has to have its Done first
        try
        {
            client.NoDelay = true;
            await _server.ConnectAsync(IPAddress.Loopback, target, end);
            await Task.WhenAll(CarryAsync(client, _server, proxy.ToServer), CarryAsync(_server, client, proxy.ToClient));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The server is not there, or one of the two went away: the other learns it by the close.
        }
        finally
        {
            Close();
            ended();
        }
    }

    private async Task CarryAsync(Socket from, Socket to, ProxyWay way)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            for (long carried = 0; ;)
            {
                var length = await from.ReceiveAsync(buffer, end);
                if (length == 0) break;
                if (way.Delay is { Ticks: > 0 } delay) await Task.Delay(delay, end);
                var left = way.CutAfter is { } most ? Math.Max(0, most - carried) : long.MaxValue;
                for (ReadOnlyMemory<byte> rest = buffer.AsMemory(0, (int)Math.Min(length, left)); !rest.IsEmpty;)
                    rest = rest[await to.SendAsync(rest, end)..];
                carried += length;
                if (length < left) continue;
                // What arrived is followed by an end and no reset: that would take the last bytes back.
                to.Shutdown(SocketShutdown.Send);
                from.Dispose();
                return;
            }

            // Half closed: the other way may still carry an answer.
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Close();
            throw;
        }
    }

    private void Close()
    {
        client.Dispose();
        _server.Dispose();
    }
}

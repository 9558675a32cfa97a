using System.Net;
using System.Net.Sockets;

namespace Notifier.Tests.Fixtures;

/// <summary>A link to a server on this machine, that a test can slow down, cut and close. Use its port in place of the server's.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly Lock _lock = new();
    private readonly HashSet<ProxiedConnection> _open = [];
    private readonly Socket _place;
    private readonly CancellationTokenSource _end = new();
    private readonly SemaphoreSlim _came = new(0);
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;

    public TcpProxy(int target)
    {
        _target = target;
        // Bound for as long as the proxy lives, and never listening: while the proxy refuses, nobody else is given its port.
        _place = Bound(0);
        Port = ((IPEndPoint)_place.LocalEndPoint!).Port;
        Accept();
    }

    public int Port { get; }

    public ProxyWay ToServer { get; } = new();

    public ProxyWay ToClient { get; } = new();

    /// <summary>How many connections there have been.</summary>
    public int Connections { get; private set; }

    /// <summary>Waits until there have been so many.</summary>
    public async Task ReachAsync(int connections, CancellationToken cancellation)
    {
        while (Connections < connections) await _came.WaitAsync(cancellation);
    }

    /// <summary>How many there are.</summary>
    public int Open
    {
        get { lock (_lock) return _open.Count; }
    }

    /// <summary>From now on a client hears "connection refused", as from a server that is not there. Open connections go on.</summary>
    public async Task RefuseAsync()
    {
        _listener?.Dispose();
        _listener = null;
        await _accepting;
    }

    /// <summary>Takes connections (again).</summary>
    public void Accept()
    {
        if (_listener is not null) return;
        _listener = Bound(Port);
        _listener.Listen();
        _accepting = AcceptAsync(_listener);
    }

    /// <summary>Ends every open connection with a reset on both sides, as a router does that forgot them.</summary>
    public void Cut()
    {
        ProxiedConnection[] open;
        lock (_lock) open = [.. _open];
        foreach (var connection in open) connection.Reset();
    }

    public async ValueTask DisposeAsync()
    {
        await RefuseAsync();
        await _end.CancelAsync();
        Cut();
        ProxiedConnection[] open;
        lock (_lock) open = [.. _open];
        await Task.WhenAll(open.Select(connection => connection.Done));
        _place.Dispose();
        _end.Dispose();
        _came.Dispose();
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }

            var connection = new ProxiedConnection(client, this, _end.Token);
            lock (_lock)
            {
                Connections++;
                _open.Add(connection);
            }

            _came.Release();
            connection.Start(_target, () =>
            {
                lock (_lock) _open.Remove(connection);
            });
        }
    }

    private static Socket Bound(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }
}

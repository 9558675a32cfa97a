using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Notifier.Tests.Browser;

/// <summary>Between browsers and the relay: counts the connections, cuts them, and lets none through for a while.</summary>
internal sealed class CuttableProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<TcpClient, Uri> _open = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    public CuttableProxy(Uri target)
    {
        Target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where the next connections go.</summary>
    public Uri Target { get; set; }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>How many are open now, and how many there were.</summary>
    public int Open => _open.Count;

    public int Accepted { get; private set; }

    /// <summary>While set, whoever comes is cut at once.</summary>
    public bool Refuses { get; set; }

    /// <summary>As a network that is gone: nobody says goodbye.</summary>
    public void CutAll()
    {
        foreach (var client in _open.Keys) Cut(client);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        CutAll();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _ = CarryAsync(await _listener.AcceptTcpClientAsync(_end.Token));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        if (Refuses)
        {
            Cut(client);
            return;
        }
        using var relay = new TcpClient();
        try
        {
            client.NoDelay = relay.NoDelay = true;
            await relay.ConnectAsync(Target.Host, Target.Port);
            Accepted++;
            _open[client] = Target;
            await Task.WhenAny(client.GetStream().CopyToAsync(relay.GetStream()), relay.GetStream().CopyToAsync(client.GetStream()));
        }
        catch (Exception e) when (e is IOException or SocketException or InvalidOperationException)
        {
            // Cut on this side or that; or the relay is not there.
        }
        _open.TryRemove(client, out _);
        Cut(client);
    }

    private static void Cut(TcpClient client)
    {
        try
        {
            client.Client?.Close(0); // a reset, and no end in order
        }
        catch (ObjectDisposedException)
        {
            // Already.
        }
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Notifier.Tests.Email;

/// <summary>What the server does at one step instead of saying yes.</summary>
/// <param name="Answer">Sent first, if any.</param>
/// <param name="Then">What follows.</param>
/// <param name="Times">How often, over all connections.</param>
public sealed record Fault(string? Answer = null, Ending Then = Ending.GoOn, int Times = int.MaxValue);

public enum Ending
{
    GoOn,
    Drop,

    /// <summary>Says nothing more, until the client gives up.</summary>
    Hang,
}

/// <summary>
/// An SMTP server on loopback that answers from a script. Steps are CONNECT, EHLO, STARTTLS, AUTH, MAIL, RCPT, DATA, CONTENT (354 was
/// said), "." and other verbs.
/// </summary>
public sealed class ScriptedSmtpServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Fault> _faults = new();
    private readonly ConcurrentDictionary<string, int> _spent = new();
    private readonly ConcurrentBag<Task> _sessions = [];
    private readonly ConcurrentDictionary<int, TcpClient> _open = new();
    private readonly Task _accepting;
    private int _connections;
    private int _mostOpen;

    public ScriptedSmtpServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Lines of the EHLO answer.</summary>
    public string[] Extensions { get; set; } = ["PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES"];

    public X509Certificate2? Certificate { get; set; }

    /// <summary>Who answers to AUTH SCRAM-SHA-256; without it every AUTH is welcome.</summary>
    public ScramServer? Scram { get; set; }

    /// <summary>Also keeps a message whose final dot meets a fault.</summary>
    public bool KeepsInSpiteOfFault { get; set; }

    /// <summary>Awaited at each final dot, before the answer.</summary>
    public Func<Task>? AtDot { get; set; }

    public ConcurrentQueue<byte[]> Kept { get; } = new();

    /// <summary>Commands as "connection verb".</summary>
    public ConcurrentQueue<string> Heard { get; } = new();

    /// <summary>The same, whole.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    public int Connections => _connections;

    public int MostOpen => _mostOpen;

    public ScriptedSmtpServer On(string step, Fault fault)
    {
        _faults[step] = fault;
        return this;
    }

    /// <summary>Closes every connection, as a server does with what lay idle for too long.</summary>
    /// <param name="reset">With RST, so that the client's next write fails already, instead of the read after it.</param>
    public void CloseIdle(bool reset)
    {
        foreach (var client in _open.Values)
            if (reset)
                client.Client.Close(timeout: 0);
            else
                client.Client.Shutdown(SocketShutdown.Both);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        foreach (var client in _open.Values)
            client.Dispose();
        await Task.WhenAll(_sessions);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                var number = ++_connections;
                _open[number] = client;
                _mostOpen = Math.Max(_mostOpen, _open.Count);
                _sessions.Add(ServeAsync(client, number));
            }
        }
        // "Not listening" is what a listener says that is stopped between two calls.
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client, int number)
    {
        await Task.Yield();
        try
        {
            using (client)
                await new ScriptedSmtpSession(this, client.GetStream(), number).RunAsync();
        }
        // An argument exception is what SslStream makes of a stream that the client has closed already.
        catch (Exception end) when (end is IOException or SocketException or ObjectDisposedException or ArgumentException)
        {
        }
        finally
        {
            _open.TryRemove(number, out _);
        }
    }

    /// <returns>What to do at this step, or null for yes.</returns>
    internal Fault? Take(string step) =>
        _faults.TryGetValue(step, out var fault) && _spent.AddOrUpdate(step, 1, (_, spent) => spent + 1) <= fault.Times ? fault : null;
}


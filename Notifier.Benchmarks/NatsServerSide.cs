using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Notifier.Benchmarks;

/// <summary>A nats-server with JetStream for one benchmark, in a folder of its own, gone afterwards.</summary>
internal sealed class NatsServerSide : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bench-nats-").FullName;
    private readonly Process _process;

    private NatsServerSide(int port)
    {
        Url = $"nats://127.0.0.1:{port}";
        _process = Process.Start(new ProcessStartInfo(File.Exists("/usr/sbin/nats-server") ? "/usr/sbin/nats-server" : "nats-server", ["-a", "127.0.0.1", "-p", $"{port}", "-js", "-sd", _folder, "-l", Path.Combine(_folder, "log")]))!;
    }

    public string Url { get; }

    public static async Task<NatsServerSide> StartAsync()
    {
        int port;
        using (var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            port = ((IPEndPoint)probe.LocalEndPoint!).Port;
        }
        var server = new NatsServerSide(port);
        while (true)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, port);
                return server;
            }
            catch (SocketException) when (!server._process.HasExited)
            {
                await Task.Delay(20);
            }
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

using System.Diagnostics;

namespace Notifier.Benchmarks;

/// <summary>A nats-server with JetStream for one benchmark, in a folder of its own, gone afterwards.</summary>
internal sealed class NatsServerSide : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bench-nats-").FullName;
    private readonly Process _process;

    private NatsServerSide(int port)
    {
        Url = $"nats://127.0.0.1:{port}";
        _process = Process.Start(new ProcessStartInfo(File.Exists("/usr/sbin/nats-server") ? "/usr/sbin/nats-server" : "nats-server", ["-a", "127.0.0.1", "-p", $"{port}", "-js", "-sd", _folder]) { RedirectStandardError = true })!;
    }

    public string Url { get; }

    public static async Task<NatsServerSide> StartAsync()
    {
        var server = new NatsServerSide(Relay.RelayServer.FreePort());
        while (await server._process.StandardError.ReadLineAsync() is { } line)
        {
            if (!line.EndsWith("Server is ready", StringComparison.Ordinal)) continue;
            _ = server._process.StandardError.ReadToEndAsync();
            return server;
        }
        throw new InvalidOperationException("nats-server did not start");
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

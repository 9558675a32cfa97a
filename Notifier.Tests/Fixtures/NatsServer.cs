using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Notifier.Tests.Fixtures;

/// <summary>A real nats-server with JetStream, Debian's, on loopback, in a folder of its own. It ends with this process, however that ends.</summary>
public sealed class NatsServer : IAsyncDisposable
{
    /// <summary>Where Debian puts it, which is not on everybody's PATH; else wherever it is.</summary>
    private static readonly string Program = File.Exists("/usr/sbin/nats-server") ? "/usr/sbin/nats-server" : "nats-server";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("notifier-nats-").FullName;
    private Process? _keeper;
    private int _server;

    /// <summary>The same after a restart.</summary>
    public int Port { get; } = PostgresServer.FreePort();

    public string Url => $"nats://127.0.0.1:{Port}";

    /// <param name="config">More than the address and the folder, as in a configuration file of nats-server.</param>
    public static async Task<NatsServer> StartAsync(string config = "")
    {
        var server = await NewAsync(config);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>One that does not run yet.</summary>
    public static async Task<NatsServer> NewAsync(string config = "")
    {
        var server = new NatsServer();
        await File.WriteAllTextAsync(Path.Combine(server._folder, "conf"), $"jetstream {{ store_dir: \"{server._folder}/store\" }}\n{config}\n");
        return server;
    }

    /// <summary>After <see cref="KillAsync"/>: with what it had stored.</summary>
    public async Task StartAgainAsync()
    {
        // Its standard input ends when this process ends; then it ends the server.
        const string script = """trap '' INT TERM HUP; log=$1; shift; "$@" < /dev/null > "$log" 2>&1 & echo $!; cat > /dev/null; kill -9 $!""";
        _keeper = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", script, "sh", Path.Combine(_folder, "log"), Program, "-c", Path.Combine(_folder, "conf"), "-a", "127.0.0.1", "-p", $"{Port}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _server = int.Parse((await _keeper.StandardOutput.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture);
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, Port, patience.Token);
                return;
            }
            catch (SocketException) when (Directory.Exists($"/proc/{_server}"))
            {
                await Task.Delay(20, patience.Token);
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"nats-server did not start (Debian's package nats-server is needed): {await File.ReadAllTextAsync(Path.Combine(_folder, "log"))}");
            }
        }
    }

    /// <summary>SIGKILL. What it stored stays.</summary>
    public async Task KillAsync()
    {
        _keeper!.StandardInput.Close();
        await _keeper.WaitForExitAsync();
        _keeper.Dispose();
        _keeper = null;
    }

    /// <summary>SIGSTOP: it is there, and answers nobody, until <see cref="GoOn"/>.</summary>
    public void Hang() => Signal("STOP");

    public void GoOn() => Signal("CONT");

    public async ValueTask DisposeAsync()
    {
        if (_keeper is not null) await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_server}"]);
        kill.WaitForExit();
    }
}

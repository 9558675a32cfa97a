using System.Diagnostics;
using System.Text;

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
        // Its standard input ends when this process ends; then it ends the server. The server alone holds the output, so that it ends with it.
        const string script = """trap '' INT TERM HUP; "$@" < /dev/null 2>&1 & echo $!; exec >&-; cat > /dev/null; kill -9 $!""";
        _keeper = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", script, "sh", Program, "-c", Path.Combine(_folder, "conf"), "-a", "127.0.0.1", "-p", $"{Port}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var output = _keeper.StandardOutput;
        _server = int.Parse((await output.ReadLineAsync())!, System.Globalization.CultureInfo.InvariantCulture);
        using var patience = new CancellationTokenSource(Patience);
        var said = new StringBuilder();
        while (await output.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.EndsWith("Server is ready", StringComparison.Ordinal))
            {
                _ = output.ReadToEndAsync(CancellationToken.None); // or it would wait for a reader
                return;
            }
            said.AppendLine(line);
        }
        throw new InvalidOperationException($"nats-server did not start (Debian's package nats-server is needed): {said}");
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

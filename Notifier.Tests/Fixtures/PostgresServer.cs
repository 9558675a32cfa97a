using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Notifier.Tests.Fixtures;

/// <summary>A PostgreSQL server of our own, in a folder of its own. It ends, and its folder goes, with this process, however that ends.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    // synchronous_commit stays on: without fsync it costs next to nothing, and with it a crash loses nothing that was committed.
    private const string Settings = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 -c fsync=off -c full_page_writes=off";

    private readonly string _folder;
    private readonly string _settings;
    private readonly Process _watchdog;

    private PostgresServer(string folder, string settings)
    {
        (_folder, _settings) = (folder, settings);
        _watchdog = StartWatchdog();
    }

    public int Port { get; private set; }

    public bool Running { get; private set; }

    /// <summary>Where its files are.</summary>
    public string Data => Path.Combine(_folder, "data");

    private string Log => Path.Combine(_folder, "log");

    /// <param name="settings">More <c>-c name=value</c> for the server.</param>
    /// <param name="megabytes">The size of a file system of its own, which needs root; null for none.</param>
    public static async Task<PostgresServer> NewAsync(string settings = "", int? megabytes = null)
    {
        var server = new PostgresServer(await PostgresBinaries.NewFolderAsync(), settings);
        if (megabytes is { } size)
        {
            Directory.CreateDirectory(server.Data);
            await Tool.RunAsync("/", "mount", "-t", "tmpfs", "-o", $"size={size}m,mode=700,uid={(await Tool.RunAsync("/", "id", "-u", "postgres")).Trim()}", "notifier", server.Data);
        }
        await server.RunAsync("initdb", "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        server.Port = FreePort();
        await server.StartAsync();
        return server;
    }

    public string ConnectionString(string database) => $"Host=127.0.0.1;Port={Port};Database={database};Username=postgres;Timeout=10;Include Error Detail=true";

    /// <summary>Ends the server as a crash does: no checkpoint, every connection cut.</summary>
    public async Task CrashAsync()
    {
        Running = false;
        await RunAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
    }

    /// <summary>Starts the server (again), and returns when it takes connections.</summary>
    public async Task StartAsync()
    {
        try
        {
            await RunAsync("pg_ctl", "-D", Data, "-l", Log, "-o", $"{Settings} {_settings} -p {Port}", "-w", "start");
            Running = true;
        }
        catch (InvalidOperationException e) when (File.Exists(Log))
        {
            throw new InvalidOperationException($"{e.Message}\n{await File.ReadAllTextAsync(Log)}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _watchdog.StandardInput.Close();
        await _watchdog.WaitForExitAsync();
        _watchdog.Dispose();
    }

    // Its standard input ends when this process ends, however it ends; then it stops the server and clears up.
    private Process StartWatchdog()
    {
        const string script = """trap '' INT TERM HUP; folder=$1; shift; cat; "$@"; umount "$folder/data"; rm -rf "$folder" """;
        string[] stop = PostgresBinaries.Command("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        return Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", $"exec >/dev/null 2>&1; {script}", "sh", _folder, .. stop])
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
        })!;
    }

    private async Task RunAsync(string program, params string[] arguments) => await Tool.RunAsync(_folder, PostgresBinaries.Command(program, arguments));

    // Below the range from which the kernel gives ports to outgoing connections, so that the port is still free after a crash.
    internal static int FreePort()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(20_000, 32_000);
            using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                probe.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }
}

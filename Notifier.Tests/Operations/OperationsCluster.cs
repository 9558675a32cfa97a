using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Notifier.Tests.Operations;
using Xunit;

[assembly: AssemblyFixture(typeof(OperationsCluster))]

namespace Notifier.Tests.Operations;

/// <summary>A private PostgreSQL for as long as the tests run. Stands in until the cluster of Fixtures/ is merged.</summary>
public sealed class OperationsCluster : IAsyncLifetime
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"notifier-operations-{Environment.ProcessId}");

    /// <summary>Where it listens, without a database.</summary>
    public string Server { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        var port = FreePort();
        Directory.CreateDirectory(_folder);
        if (Environment.UserName == "root") await RunAsync("chown", "postgres", _folder);
        await RunAsync(Tool("initdb"), "-D", $"{_folder}/data", "-U", "postgres", "--auth=trust", "--no-sync");
        await RunAsync(
            Tool("pg_ctl"), "-D", $"{_folder}/data", "-l", $"{_folder}/log", "-w", "-o", $"-c listen_addresses=127.0.0.1 -p {port} -k {_folder} -c fsync=off", "start");
        Server = $"Host=127.0.0.1;Port={port};Username=postgres";
    }

    public async ValueTask DisposeAsync()
    {
        await RunAsync(Tool("pg_ctl"), "-D", $"{_folder}/data", "-m", "immediate", "-w", "stop");
        Directory.Delete(_folder, recursive: true);
    }

    private static string Tool(string name) =>
        Directory.GetDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin", name)).Where(File.Exists).Order(StringComparer.Ordinal).Last();

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>PostgreSQL does not run as root. The output goes nowhere: a pipe would stay open in the daemon, and be waited for.</summary>
    private static async Task RunAsync(string program, params string[] arguments)
    {
        string[] line = [program, .. arguments];
        if (Environment.UserName == "root" && program != "chown") line = ["runuser", "-u", "postgres", "--", .. line];
        using var process = Process.Start("/bin/sh", ["-c", """exec "$@" >/dev/null 2>&1 </dev/null""", "sh", .. line]);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}");
    }
}

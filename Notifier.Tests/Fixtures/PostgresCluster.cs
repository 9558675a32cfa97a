using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Notifier.Tests.Fixtures;
using Notifier.Worker.Storage;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace Notifier.Tests.Fixtures;

/// <summary>A PostgreSQL server of this test run alone. Each test class takes a database of its own from it, copied from a migrated template.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private const string Template = "notifier_template";

    // synchronous_commit stays on: without fsync it costs next to nothing, and with it a crash loses nothing that was committed.
    private const string Settings = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 -c fsync=off -c full_page_writes=off";

    private string _folder = "";
    private Process? _watchdog;
    private NpgsqlDataSource? _admin;
    private int _databases;
    private bool _running;

    public int Port { get; private set; }

    private string Data => Path.Combine(_folder, "data");

    private string Log => Path.Combine(_folder, "log");

    public async ValueTask InitializeAsync()
    {
        _folder = await PostgresBinaries.NewFolderAsync();
        _watchdog = StartWatchdog();
        await RunAsync("initdb", "-D", Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync");
        Port = FreePort();
        await StartAsync();
        _admin = NpgsqlDataSource.Create(ConnectionString("postgres"));
        await MakeTemplateAsync();
    }

    /// <summary>A fresh database with the schema of this build and a clock that a test can move.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync()
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await AdminAsync($"CREATE DATABASE {name} TEMPLATE {Template} STRATEGY file_copy");
        return new TestDatabase(ConnectionString(name), () => _running ? AdminAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)") : Task.CompletedTask);
    }

    /// <summary>Ends the server as a crash does: no checkpoint, every connection cut. For a cluster that a test has for itself.</summary>
    public async Task CrashAsync()
    {
        _running = false;
        await RunAsync("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        _admin!.Clear(); // its connections are dead, and it would find that out one by one
    }

    /// <summary>Starts the server (again), and returns when it takes connections.</summary>
    public async Task StartAsync()
    {
        try
        {
            await RunAsync("pg_ctl", "-D", Data, "-l", Log, "-o", $"{Settings} -p {Port}", "-w", "start");
            _running = true;
        }
        catch (InvalidOperationException e) when (File.Exists(Log))
        {
            throw new InvalidOperationException($"{e.Message}\n{await File.ReadAllTextAsync(Log)}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_admin is not null) await _admin.DisposeAsync();
        if (_watchdog is null) return;
        _watchdog.StandardInput.Close();
        await _watchdog.WaitForExitAsync();
        _watchdog.Dispose();
    }

    // Its standard input ends when this process ends, however it ends; then it stops the server and clears up.
    private Process StartWatchdog()
    {
        const string script = """trap '' INT TERM HUP; folder=$1; shift; cat; "$@"; rm -rf "$folder" """;
        string[] stop = PostgresBinaries.Command("pg_ctl", "-D", Data, "-m", "immediate", "-w", "stop");
        return Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", $"exec >/dev/null 2>&1; {script}", "sh", _folder, .. stop])
        {
            WorkingDirectory = "/",
            RedirectStandardInput = true,
        })!;
    }

    private async Task MakeTemplateAsync()
    {
        await AdminAsync($"CREATE DATABASE {Template}");
        await using (var template = NpgsqlDataSource.Create(ConnectionString(Template) + ";Pooling=false"))
        {
            await Migrator.MigrateAsync(template, CancellationToken.None);
            await using var clock = template.CreateCommand(TestDatabase.MovableClock);
            await clock.ExecuteNonQueryAsync();
        }

        // A database can be copied only while nobody is connected to it.
        await AdminAsync($"ALTER DATABASE {Template} ALLOW_CONNECTIONS false");
    }

    private string ConnectionString(string database) =>
        $"Host=127.0.0.1;Port={Port};Database={database};Username=postgres;Timeout=10;Include Error Detail=true";

    private async Task AdminAsync(string sql)
    {
        await using var command = _admin!.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task RunAsync(string program, params string[] arguments) => await Tool.RunAsync(_folder, PostgresBinaries.Command(program, arguments));

    // Below the range from which the kernel gives ports to outgoing connections, so that the port is still free after a crash.
    private static int FreePort()
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

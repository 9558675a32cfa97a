using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Notifier.Benchmarks.Email;

/// <summary>A real Postfix on loopback, from a configuration and a queue of its own, that takes every mail, keeps it safe as it does, and then throws it away.</summary>
internal sealed class Postfix : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postfix-").FullName;

    private Postfix()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public int Port { get; }

    public static async Task<Postfix> StartAsync()
    {
        var postfix = new Postfix();
        try
        {
            await postfix.BeginAsync();
            return postfix;
        }
        catch
        {
            postfix.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Run("/usr/sbin/postfix", "-c", _folder, "stop");
        Directory.Delete(_folder, recursive: true);
    }

    private async Task BeginAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "queue"));
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        Run("chmod", "755", _folder);
        Run("chown", "postfix", Path.Combine(_folder, "data"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "main.cf"),
            $"""
            compatibility_level = 3.6
            queue_directory = {_folder}/queue
            data_directory = {_folder}/data
            maillog_file = /dev/stdout
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            myhostname = postfix.bench.example
            mydestination =
            mynetworks = 127.0.0.0/8
            default_transport = discard:
            alias_maps =
            alias_database =

            """);
        await File.WriteAllTextAsync(Path.Combine(_folder, "master.cf"),
            $"""
            127.0.0.1:{Port} inet n - n - - smtpd
            cleanup   unix  n - n - 0 cleanup
            qmgr      unix  n - n 300 1 qmgr
            rewrite   unix  - - n - - trivial-rewrite
            bounce    unix  - - n - 0 bounce
            defer     unix  - - n - 0 bounce
            trace     unix  - - n - 0 bounce
            verify    unix  - - n - 1 verify
            proxymap  unix  - - n - - proxymap
            discard   unix  - - n - - discard
            error     unix  - - n - - error
            retry     unix  - - n - - error
            anvil     unix  - - n - 1 anvil
            postlog   unix-dgram n - n - 1 postlogd

            """);
        // start-fg logs to its standard output, which nobody needs; it ends with "stop".
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"exec /usr/sbin/postfix -c '{_folder}' start-fg > '{_folder}/log' 2>&1"]))!.Dispose();
        for (var patience = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            using var client = new TcpClient();
            try
            {
                await client.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException) when (patience.Elapsed < TimeSpan.FromSeconds(60))
            {
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"Postfix (Debian's package postfix, started by root) does not start: {await File.ReadAllTextAsync(Path.Combine(_folder, "log"))}");
            }
        }
    }

    private static void Run(params string[] commandLine)
    {
        using var process = Process.Start(new ProcessStartInfo(commandLine[0], commandLine[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
    }
}

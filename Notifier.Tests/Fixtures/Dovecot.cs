using System.Diagnostics;
using System.Text;

namespace Notifier.Tests.Fixtures;

/// <summary>A real IMAP server: Debian's Dovecot, from a configuration of its own, on loopback. One user with one Maildir.</summary>
internal sealed class Dovecot : IAsyncDisposable
{
    public const string User = "bounces", Password = "correct-horse";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly string _folder = Directory.CreateTempSubdirectory("dovecot-").FullName;
    private Process _process = null!;

    private string? _certificate;

    public int Port { get; } = PostgresServer.FreePort();

    /// <summary>For TLS from the first byte.</summary>
    public int TlsPort { get; } = PostgresServer.FreePort();

    /// <summary>The Maildir, cur and new: a flag is a letter behind the comma of a name.</summary>
    public string[] Files => [.. Directory.EnumerateFiles(Path.Combine(_folder, "mail"), "*", SearchOption.AllDirectories).Where(f => f.Contains("/cur/") || f.Contains("/new/"))];

    /// <param name="certificate">Key and certificate in PEM: with it there is STARTTLS, and <see cref="TlsPort"/>.</param>
    public static async Task<Dovecot> StartAsync(string? certificate = null)
    {
        var dovecot = new Dovecot { _certificate = certificate };
        try
        {
            await dovecot.RunAsync();
            return dovecot;
        }
        catch
        {
            await dovecot.DisposeAsync();
            throw;
        }
    }

    public async Task DeliverAsync(string name, byte[] mail)
    {
        var unfinished = Path.Combine(_folder, "mail", "tmp", name);
        await File.WriteAllBytesAsync(unfinished, mail);
        await Tool.RunAsync("/", "chmod", "666", unfinished);
        File.Move(unfinished, Path.Combine(_folder, "mail", "new", name));
    }

    private async Task RunAsync()
    {
        foreach (var part in new[] { "mail/new", "mail/cur", "mail/tmp", "run" }) Directory.CreateDirectory(Path.Combine(_folder, part));
        await Tool.RunAsync("/", "chmod", "-R", "777", _folder);
        // Started by root it gives up its rights; started by anybody else it has none to give up.
        var isRoot = Environment.IsPrivilegedProcess;
        var (worker, login) = isRoot ? ("dovecot", "dovenull") : (Environment.UserName, Environment.UserName);
        var config = Path.Combine(_folder, "dovecot.conf");
        var pem = Path.Combine(_folder, "server.pem");
        if (_certificate is not null) await File.WriteAllTextAsync(pem, _certificate);
        await File.WriteAllTextAsync(config,
            $$"""
            {{await DialectAsync(worker, _certificate is null ? null : pem)}}
            protocols = imap
            listen = 127.0.0.1
            base_dir = {{_folder}}/run
            log_path = /dev/stderr
            default_internal_user = {{worker}}
            default_login_user = {{login}}
            first_valid_uid = 1
            service imap-login {
              chroot =
              inet_listener imap {
                port = {{Port}}
              }
              inet_listener imaps {
                port = {{(_certificate is null ? 0 : TlsPort)}}
                ssl = yes
              }
            }
            service anvil {
              chroot =
            }

            """);
        _process = Process.Start(new ProcessStartInfo("/usr/sbin/dovecot", ["-F", "-c", config]) { RedirectStandardError = true })!;
        using var patience = new CancellationTokenSource(Patience);
        var said = new StringBuilder();
        while (await _process.StandardError.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Contains("starting up for imap", StringComparison.Ordinal)) // it listens by then
            {
                _ = _process.StandardError.ReadToEndAsync(CancellationToken.None); // or it would wait for a reader
                return;
            }
            said.AppendLine(line);
        }
        throw new InvalidOperationException($"dovecot did not start: {said}");
    }

    /// <summary>2.4 speaks another dialect than 2.3.</summary>
    private async Task<string> DialectAsync(string worker, string? pem)
    {
        var version = await Tool.RunAsync("/", "/usr/sbin/dovecot", "--version");
        var mail = $"{_folder}/mail";
        return version.StartsWith("2.3", StringComparison.Ordinal)
            ? $$"""
               disable_plaintext_auth = no
               {{(pem is null ? "ssl = no" : $"ssl = yes\nssl_cert = <{pem}\nssl_key = <{pem}")}}
               mail_location = maildir:{{mail}}
               passdb {
                 driver = static
                 args = password={{Password}}
               }
               userdb {
                 driver = static
                 args = uid={{worker}} gid={{worker}} home={{_folder}}
               }
               """
            : $$"""
               dovecot_config_version = 2.4.0
               dovecot_storage_version = 2.4.0
               auth_allow_cleartext = yes
               {{(pem is null ? "ssl = no" : $"ssl = yes\nssl_server_cert_file = {pem}\nssl_server_key_file = {pem}")}}
               mail_driver = maildir
               mail_path = {{mail}}
               passdb static {
                 password = {{Password}}
               }
               userdb static {
                 fields {
                   uid = {{worker}}
                   gid = {{worker}}
                   home = {{_folder}}
                 }
               }
               """;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

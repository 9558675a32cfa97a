using System.Buffers.Text;
using System.Security.Cryptography;
using Notifier.Faults.Driving;
using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Faults.Stage;

/// <summary>What a scenario needs besides two workers, a database, a mail server and a push service.</summary>
/// <param name="OwnServer">A PostgreSQL server of its own, since it is to suffer.</param>
/// <param name="Megabytes">On a file system of this size.</param>
/// <param name="Clock">What libfaketime tells the first worker: <c>-2h</c>.</param>
/// <param name="Settings">Settings besides the usual.</param>
internal sealed record Setup(bool OwnServer = false, int? Megabytes = null, string? Clock = null, IReadOnlyDictionary<string, string>? Settings = null);

/// <summary>All parts of one scenario, each of them real, in processes of their own.</summary>
internal sealed class Cast : IAsyncDisposable
{
    /// <summary>Debian keeps it in a folder per architecture; null: it is not installed.</summary>
    public static readonly string? FakeTime = Directory.GetDirectories("/usr/lib").Select(folder => Path.Combine(folder, "faketime", "libfaketime.so.1")).FirstOrDefault(File.Exists);

    private readonly Ground _ground;
    private readonly bool _ownGround;

    private Cast(Ground ground, bool ownGround, string connectionString, SmtpServer mail, PushService push)
    {
        (_ground, _ownGround, ConnectionString, Mail, Push) = (ground, ownGround, connectionString, mail, push);
        MailLink = new TcpProxy(mail.Port);
        DatabaseLinks = [new TcpProxy(ground.Server.Port), new TcpProxy(ground.Server.Port)];
        Database = NpgsqlDataSource.Create(connectionString);
    }

    public string ConnectionString { get; }

    public NpgsqlDataSource Database { get; }

    public PostgresServer Server => _ground.Server;

    public SmtpServer Mail { get; }

    public PushService Push { get; }

    /// <summary>Between the workers and the mail server.</summary>
    public TcpProxy MailLink { get; }

    /// <summary>Between each worker and the database.</summary>
    public IReadOnlyList<TcpProxy> DatabaseLinks { get; }

    public IReadOnlyList<Worker> Workers { get; private set; } = [];

    public static async Task<Cast> StartAsync(Setup setup, Ground shared, string dll, string folder, string name)
    {
        var own = setup.OwnServer || setup.Megabytes is not null;
        var ground = own ? await Ground.NewAsync(dll, setup.Megabytes) : shared;
        var cast = new Cast(
            ground, own, await ground.DatabaseAsync($"faults_{name.Replace('-', '_')}"),
            await SmtpServer.StartAsync(Path.Combine(folder, "smtp.jsonl")), await PushService.StartAsync(Path.Combine(folder, "push.jsonl")));
        var keys = VapidKeys();
        cast.Workers = [.. Enumerable.Range(0, 2).Select(i => new Worker($"worker-{i + 1}", dll, cast.Settings(setup, i, keys), Path.Combine(folder, $"worker-{i + 1}.log")))];
        await Task.WhenAll(cast.Workers.Select(w => w.StartAsync()));
        return cast;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in Workers) await worker.DisposeAsync();
        await Database.DisposeAsync();
        await MailLink.DisposeAsync();
        foreach (var link in DatabaseLinks) await link.DisposeAsync();
        await Push.DisposeAsync();
        await Mail.DisposeAsync();
        if (_ownGround) await _ground.DisposeAsync();
    }

    private Dictionary<string, string> Settings(Setup setup, int worker, (string Public, string Private) keys)
    {
        var database = new NpgsqlConnectionStringBuilder(ConnectionString) { Port = DatabaseLinks[worker].Port, Timeout = 3, CommandTimeout = 5 };
        var settings = new Dictionary<string, string>(Pace.Settings)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__Notifier"] = database.ConnectionString,
            ["Worker__Urls"] = $"http://127.0.0.1:{PostgresServer.FreePort()}",
            ["Intake__ApiKeys__0"] = Doors.Key,
            ["Email__Host"] = "127.0.0.1",
            ["Email__Port"] = $"{MailLink.Port}",
            ["Email__Security"] = "None",
            ["Email__From"] = "Acme <hello@acme.example>",
            ["Links__BaseUrl"] = "http://127.0.0.1:5080",
            ["Links__SigningKey"] = "a signing key of forty characters, no less",
            ["WebPush__PublicKey"] = keys.Public,
            ["WebPush__PrivateKey"] = keys.Private,
            ["WebPush__Subject"] = "mailto:push@acme.example",
            ["WebPush__AllowLoopback"] = "true",
        };
        if (setup.Clock is { } clock && worker == 0)
        {
            settings["LD_PRELOAD"] = FakeTime!;
            settings["FAKETIME"] = clock; // monotonic time as well: with FAKETIME_DONT_FAKE_MONOTONIC every timed wait ends at once
        }
        foreach (var (name, value) in setup.Settings ?? new Dictionary<string, string>()) settings[name] = value;
        return settings;
    }

    private static (string Public, string Private) VapidKeys()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = pair.ExportParameters(true);
        return (Base64Url.EncodeToString([4, .. key.Q.X!, .. key.Q.Y!]), Base64Url.EncodeToString(key.D!));
    }
}

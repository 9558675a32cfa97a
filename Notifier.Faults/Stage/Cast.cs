using System.Buffers.Text;
using System.Security.Cryptography;
using Notifier.Tests.Fixtures;
using Npgsql;

namespace Notifier.Faults.Stage;

/// <summary>What a scenario needs besides two workers, a database, a mail server and a push service.</summary>
/// <param name="OwnServer">A PostgreSQL server of its own, since it is to suffer.</param>
/// <param name="Megabytes">On a file system of this size.</param>
/// <param name="Clock">What libfaketime tells the first worker: <c>-2h</c>.</param>
/// <param name="Settings">Settings besides the usual.</param>
/// <param name="Relays">So many relays, by which messages come then, and people with open tabs on them.</param>
/// <param name="Nats">Events come by a JetStream stream in place of HTTP.</param>
internal sealed record Setup(
    bool OwnServer = false, int? Megabytes = null, string? Clock = null, IReadOnlyDictionary<string, string>? Settings = null, int Relays = 0, bool Nats = false);

/// <summary>All parts of one scenario, each of them real, in processes of their own.</summary>
internal sealed class Cast : IAsyncDisposable
{
    /// <summary>Debian keeps it in a folder per architecture; null: it is not installed.</summary>
    public static readonly string? FakeTime = Directory.GetDirectories("/usr/lib").Select(folder => Path.Combine(folder, "faketime", "libfaketime.so.1")).FirstOrDefault(File.Exists);

    private readonly Ground _ground;
    private readonly bool _ownGround;

    private Cast(Ground ground, bool ownGround, string connectionString, SmtpServer mail, PushService push, EventStream? stream)
    {
        (_ground, _ownGround, ConnectionString, Mail, Push, Stream) = (ground, ownGround, connectionString, mail, push, stream);
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

    public EventStream? Stream { get; }

    public IReadOnlyList<Service> Workers { get; private set; } = [];

    public IReadOnlyList<Service> Relays { get; private set; } = [];

    public static async Task<Cast> StartAsync(Setup setup, Ground shared, Product product, string folder, string name)
    {
        var own = setup.OwnServer || setup.Megabytes is not null;
        var ground = own ? await Ground.NewAsync(product.Worker, setup.Megabytes) : shared;
        var cast = new Cast(
            ground, own, await ground.DatabaseAsync($"faults_{name.Replace('-', '_')}"),
            await SmtpServer.StartAsync(Path.Combine(folder, "smtp.jsonl")), await PushService.StartAsync(Path.Combine(folder, "push.jsonl")),
            setup.Nats ? await EventStream.StartAsync() : null);
        var keys = VapidKeys();
        cast.Workers = [.. Enumerable.Range(0, 2).Select(i => new Service($"worker-{i + 1}", product.Worker, CastSettings.Worker(cast, setup, i, keys), Path.Combine(folder, $"worker-{i + 1}.log")))];
        cast.Relays = [.. Enumerable.Range(0, setup.Relays).Select(i => new Service($"relay-{i + 1}", product.Relay, CastSettings.Relay(cast), Path.Combine(folder, $"relay-{i + 1}.log")))];
        await Task.WhenAll(cast.Workers.Concat(cast.Relays).Select(s => s.StartAsync()));
        return cast;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in Workers.Concat(Relays)) await service.DisposeAsync();
        if (Stream is not null) await Stream.DisposeAsync();
        await Database.DisposeAsync();
        await MailLink.DisposeAsync();
        foreach (var link in DatabaseLinks) await link.DisposeAsync();
        await Push.DisposeAsync();
        await Mail.DisposeAsync();
        if (_ownGround) await _ground.DisposeAsync();
    }

    private static (string Public, string Private) VapidKeys()
    {
        using var pair = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var key = pair.ExportParameters(true);
        return (Base64Url.EncodeToString([4, .. key.Q.X!, .. key.Q.Y!]), Base64Url.EncodeToString(key.D!));
    }
}

using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Doors;

/// <summary>Worker and relay with three keys: one for all sites, one for <c>acme</c>, one for <c>other</c>, which is known by its hash.</summary>
public sealed class Programs(PostgresCluster cluster) : IAsyncLifetime
{
    public const string AnyKey = "any-key-0123456789abcdef", AcmeKey = "acme-key-0123456789abcdef", AcmeKeyBefore = "acme-key-of-before-0123456789", OtherKey = "other-key-0123456789abcdef",
        ConnectKey = "connect-key-0123456789abcdef-0123456789", Origin = "https://acme.example";

    private TestDatabase _database = null!;

    internal RealProgram Worker { get; private set; } = null!;

    internal RealProgram Relay { get; private set; } = null!;

    internal RealProgram Of(string name) => name == "worker" ? Worker : Relay;

    public async ValueTask InitializeAsync()
    {
        _database = await cluster.CreateDatabaseAsync();
        Worker = await StartAsync("worker");
        Relay = await StartAsync("relay");
    }

    /// <summary>One more of them.</summary>
    /// <param name="name">worker or relay.</param>
    /// <param name="more">Settings in place of the usual ones, and besides them.</param>
    internal Task<RealProgram> StartAsync(string name, params (string, string)[] more)
    {
        (string, string)[] both =
        [
            ("Intake:ApiKeys:0", AnyKey), ("Intake:ApiKeys:1", $"acme:{AcmeKey}"), ("Intake:ApiKeys:2", $"acme:{AcmeKeyBefore}"),
            ("Intake:ApiKeys:3", $"other:sha256:{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(OtherKey)))}"),
            ("Connect:SigningKey", ConnectKey), ("Connect:Origins:0", Origin), ("Limits:PerAddress", "5000"),
        ];
        return name == "worker" ? RealProgram.StartAsync(typeof(Notifier.Worker.Commands),
        [
            .. both, ("ConnectionStrings:Notifier", _database.WorkerConnectionString), ("Worker:Urls", "http://127.0.0.1:0"), ("Email:Host", "127.0.0.1"), ("Email:Port", "1"),
            ("Email:Security", "None"), ("Email:AllowClearText", "true"), ("Email:From", "Acme <hello@acme.example>"), ("Links:BaseUrl", "https://notifier.acme.example"),
            ("Links:SigningKey", "links-key-0123456789abcdef-0123456789"), ("Admin:User", "ada"), ("Admin:Password", "correct horse"), .. more,
        ]) : RealProgram.StartAsync(typeof(Notifier.Relay.RelayOptions),
            [.. both, ("ConnectionStrings:Notifier", _database.RelayConnectionString), ("Relay:Urls", "http://127.0.0.1:0"), ("Relay:ConnectsPerSecond", "1000"), .. more]);
    }

    public async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await Worker.DisposeAsync();
        await _database.DisposeAsync();
    }
}

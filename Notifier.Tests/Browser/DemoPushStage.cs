using Notifier.Domain.WebPush;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>The demo with a Firefox that can be pushed to.</summary>
public sealed class DemoPushStage(PostgresCluster cluster) : DemoStage(cluster)
{
    private readonly string _profile = Directory.CreateTempSubdirectory("notifier-firefox-").FullName;

    internal BrowserPushService PushService { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        PushService = await BrowserPushService.StartAsync();
        await base.InitializeAsync();
    }

    protected override Dictionary<string, string> Settings()
    {
        var keys = VapidKeys.Generate();
        var relay = $"http://127.0.0.1:{PostgresServer.FreePort()}";
        return new()
        {
            ["WebPush__PublicKey"] = keys.PublicKey,
            ["WebPush__PrivateKey"] = keys.PrivateKey,
            ["WebPush__Subject"] = "mailto:ops@acme.example",
            ["WebPush__AllowLoopback"] = "true",
            // The worker has to know whose pages may register devices before the relay is there.
            ["Relay__Urls"] = relay,
            ["Connect__Origins__0"] = relay,
        };
    }

    private protected override Task<BrowserProcess> StartBrowserAsync() => BrowserProcess.StartFirefoxAsync(_profile, $"ws://{PushService.Address.Authority}/");

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await PushService.DisposeAsync();
        Directory.Delete(_profile, recursive: true);
    }
}

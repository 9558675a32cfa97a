using System.Text.Json;
using Notifier.Domain.WebPush;
using Notifier.Tests.Devices;
using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>The stage of the ladder with a real browser on it: Firefox, its push service, and a site with the shipped client files.</summary>
public sealed class BrowserStage(PostgresCluster cluster) : Stage(cluster)
{
    private const string ConnectKey = "a connect key of forty characters, no less";

    private readonly string _profile = Directory.CreateTempSubdirectory("notifier-firefox-").FullName;

    internal BrowserPushService PushService { get; private set; } = null!;

    internal BrowserSite Site { get; private set; } = null!;

    internal BrowserProcess Firefox { get; private set; } = null!;

    internal VapidKeys Keys { get; private set; } = VapidKeys.Generate();

    internal VapidKeys? PreviousKeys { get; private set; }

    public override async ValueTask InitializeAsync()
    {
        PushService = await BrowserPushService.StartAsync();
        Site = await BrowserSite.StartAsync();
        await base.InitializeAsync();
        await StartFirefoxAsync();
    }

    public async Task StartFirefoxAsync() => Firefox = await BrowserProcess.StartFirefoxAsync(_profile, $"ws://{PushService.Address.Authority}/");

    /// <summary>A tab with the site's page in it, at the front.</summary>
    internal async Task<Tab> OpenSiteAsync()
    {
        var tab = await Firefox.OpenAsync(Site.Address);
        await tab.WaitForAsync("'push' in window", Soon, "the page's module");
        return tab;
    }

    /// <summary>All of them; the browser itself goes on.</summary>
    internal async Task CloseTabsAsync()
    {
        foreach (var tab in Firefox.Tabs) await tab.CloseAsync();
    }

    /// <summary>What a page of the site would call at a click (enablePush) or at its start (resumePush).</summary>
    internal async Task<string> CallAsync(Tab tab, string function, Person person)
    {
        var options = new
        {
            api = Worker.Client.BaseAddress!.ToString(),
            site = "acme",
            recipient = person.Id,
            token = Jwt.Sign(new() { ["iss"] = "acme", ["sub"] = person.Id, ["aud"] = "relay", ["exp"] = TimeProvider.System.GetUtcNow().AddMinutes(5).ToUnixTimeSeconds() }, ConnectKey),
            serviceWorkerUrl = "/service-worker.js",
            device = "browser-1",
        };
        return (string?)await tab.EvaluateAsync($"push.{function}({JsonSerializer.Serialize(options)})") ?? "";
    }

    /// <summary>A new key pair; push messages for subscriptions that were made with the old one are still signed with it.</summary>
    public async Task RotateKeysAsync()
    {
        (PreviousKeys, Keys) = (Keys, VapidKeys.Generate());
        await RestartWorkerAsync();
    }

    protected override Dictionary<string, string> Settings()
    {
        var settings = base.Settings();
        settings["WebPush__PublicKey"] = Keys.PublicKey;
        settings["WebPush__PrivateKey"] = Keys.PrivateKey;
        if (PreviousKeys is { } previous)
        {
            settings["WebPush__PreviousPublicKey"] = previous.PublicKey;
            settings["WebPush__PreviousPrivateKey"] = previous.PrivateKey;
        }
        settings["Connect__SigningKey"] = ConnectKey;
        settings["Connect__Origins__0"] = Site.Address.GetLeftPart(UriPartial.Authority);
        return settings;
    }

    public override async ValueTask DisposeAsync()
    {
        if (Firefox is not null) await Firefox.DisposeAsync(); // it may be what did not start
        await base.DisposeAsync();
        await Site.DisposeAsync();
        await PushService.DisposeAsync();
        Directory.Delete(_profile, recursive: true);
    }
}

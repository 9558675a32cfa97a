using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>What <c>./dev run</c> starts, with short delays, and a browser.</summary>
public class DemoStage(PostgresCluster cluster) : IAsyncLifetime
{
    private readonly string _mail = Directory.CreateTempSubdirectory("notifier-demo-").FullName;
    private TestDatabase _database = null!;
    private ServiceProcess _worker = null!, _relay = null!;

    internal Uri Address => _relay.Client.BaseAddress!;

    internal BrowserProcess Browser { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        _database = await cluster.CreateDatabaseAsync();
        var settings = new Dictionary<string, string>(Settings())
        {
            ["ConnectionStrings__Notifier"] = _database.WorkerConnectionString,
            ["Intake__ApiKeys__0"] = "dev-key",
            ["Connect__SigningKey"] = "a connect key of forty characters, no less",
            ["Links__BaseUrl"] = "http://127.0.0.1:5080",
            ["Links__SigningKey"] = "a signing key of forty characters, no less",
            ["Email__MailFolder"] = _mail,
            ["Escalation__EmailDelay"] = "00:00:01",
            ["Escalation__EmailDelayFloor"] = "00:00:01",
            ["Escalation__QuietPeriod"] = "00:00:01",
            ["Relay__ConnectsPerSecond"] = "1000",
        };
        _worker = await ServiceProcess.StartWorkerAsync(settings);
        settings["Worker__Urls"] = _worker.Client.BaseAddress!.ToString();
        settings["ConnectionStrings__Notifier"] = _database.RelayConnectionString;
        _relay = await ServiceProcess.StartRelayAsync(settings);
        Browser = await StartBrowserAsync();
    }

    /// <summary>Beyond those of every demo.</summary>
    protected virtual Dictionary<string, string> Settings() => [];

    private protected virtual Task<BrowserProcess> StartBrowserAsync() => BrowserProcess.StartChromiumAsync();

    /// <summary>The demo page as somebody, connected.</summary>
    /// <param name="context">Whose browser it is; null: this one's own profile.</param>
    internal async Task<Tab> OpenAsync(string who, string? context)
    {
        var tab = await Browser.OpenAsync(new Uri(Address, $"?as={who}"), context);
        await ConnectedAsync(tab, who);
        return tab;
    }

    /// <summary>… in a window of a size, which decides what the page opens with.</summary>
    internal async Task<Tab> OpenAsync(string who, int width, int height, string scheme)
    {
        var tab = await Browser.OpenAsync(new Uri(Address, $"?as={who}"), context: who);
        await tab.SizeAsync(width, height, scheme);
        await ConnectedAsync(tab, who);
        return tab;
    }

    private static Task ConnectedAsync(Tab tab, string who) =>
        tab.WaitForAsync("document.querySelector('#state[data-state=live]') && document.querySelector('#conversations button')", Stage.Soon, $"the page of {who}");

    public virtual async ValueTask DisposeAsync()
    {
        if (Browser is not null) await Browser.DisposeAsync(); // it may be what did not start
        await _relay.DisposeAsync();
        await _worker.DisposeAsync();
        await _database.DisposeAsync();
        Directory.Delete(_mail, recursive: true);
    }
}

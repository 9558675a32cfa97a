using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>A relay as a process, a link to it that can be cut, a site, and a browser.</summary>
public sealed class ClientStage(PostgresCluster cluster) : IAsyncLifetime
{
    private const string Key = "a-key-for-the-tests", ConnectKey = "a connect key of forty characters, no less";
    private static int _names;

    internal TestDatabase Database { get; private set; } = null!;

    internal ServiceProcess Relay { get; private set; } = null!;

    internal TcpProxy Link { get; private set; } = null!;

    internal ClientSite Site { get; private set; } = null!;

    internal BrowserProcess Chromium { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Database = await cluster.CreateDatabaseAsync();
        Site = await ClientSite.StartAsync(Encoding.UTF8.GetBytes(ConnectKey));
        await StartRelayAsync(0);
        Link = new TcpProxy(Relay.Client.BaseAddress!.Port);
        Chromium = await BrowserProcess.StartChromiumAsync();
    }

    /// <summary>Ends the relay, and starts another at the same address.</summary>
    /// <param name="hard">kill -9, or as at a deployment.</param>
    internal async Task RestartRelayAsync(bool hard)
    {
        var port = Relay.Client.BaseAddress!.Port;
        if (hard) Relay.KillHard();
        else await Relay.StopAsync();
        await Relay.DisposeAsync();
        await StartRelayAsync(port);
    }

    /// <summary>A way to the relay of a test's own, so that its connections can be counted.</summary>
    internal TcpProxy OwnLink() => new(Relay.Client.BaseAddress!.Port);

    /// <summary>Somebody of their own, so that tests do not meet.</summary>
    internal static string NewName(string name) => $"{name}-{Interlocked.Increment(ref _names)}";

    /// <summary>Opens the site as somebody, in a browser of theirs.</summary>
    /// <param name="before">Runs before the page's own script.</param>
    /// <param name="link">The way to the relay, where it is not the one of all.</param>
    /// <param name="browser">Where it is not Chromium.</param>
    internal async Task<Tab> OpenAsync(string who, string? before = null, bool connected = true, TcpProxy? link = null, BrowserProcess? browser = null)
    {
        var tab = await (browser ?? Chromium).OpenAsync(new Uri(Site.Address, $"?who={who}&relay=http://127.0.0.1:{(link ?? Link).Port}/"), context: who, before);
        if (connected) await tab.WaitForAsync("window.told?.state?.state === 'live' && told.gaps.length > 0", Stage.Soon, $"{who} connected");
        return tab;
    }

    /// <summary>Publishes as the site's server: each text a message, sealed, with the next number of its conversation.</summary>
    internal async Task PublishAsync(string conversation, string sender, string[] to, int from, params string[] texts)
    {
        var messages = texts.Select((text, i) => new
        {
            site = "acme",
            id = $"{conversation}-{from + i}",
            to,
            kind = "direct",
            conversation,
            seq = from + i,
            sender = new { id = sender, name = sender },
            sentAt = TimeProvider.System.GetUtcNow(),
            @sealed = Site.Seal(text),
        });
        using var answer = await Relay.Client.PostAsJsonAsync("/v1/publish", messages);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    /// <summary>Waits until a tab has these messages, and asserts that it has no others.</summary>
    internal static async Task ReceivedAsync(Tab tab, params string[] texts)
    {
        await tab.WaitForAsync($"told.messages.length >= {texts.Length}", Stage.Soon, $"{texts.Length} messages");
        Assert.Equal(texts, (await tab.EvaluateAsync("told.messages"))!.AsArray().Select(m => (string?)m));
    }

    internal static async Task<JsonNode> StateAsync(Tab tab) => (await tab.EvaluateAsync("told.state"))!;

    private async Task StartRelayAsync(int port)
    {
        Relay = await ServiceProcess.StartRelayAsync(new Dictionary<string, string>
        {
            ["ConnectionStrings__Notifier"] = Database.RelayConnectionString,
            ["Intake__ApiKeys__0"] = Key,
            ["Connect__SigningKey"] = ConnectKey,
            ["Connect__Origins__0"] = Site.Origin,
            ["Relay__Urls"] = $"http://127.0.0.1:{port}",
            ["Relay__ConnectsPerSecond"] = "1000",
        });
        Relay.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public async ValueTask DisposeAsync()
    {
        if (Chromium is not null) await Chromium.DisposeAsync(); // it may be what did not start
        await Link.DisposeAsync();
        await Relay.DisposeAsync();
        await Site.DisposeAsync();
        await Database.DisposeAsync();
    }
}

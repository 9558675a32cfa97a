using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Notifier.Tests.EndToEnd;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Browser;

/// <summary>The whole of it: a site, a browser, a relay and a worker as processes, PostgreSQL, a push service and an SMTP server.</summary>
public sealed class SeedStage(PostgresCluster cluster) : Stage(cluster)
{
    private const string Key = "a-key-for-the-relay-tests", ConnectKey = "a connect key of forty characters, no less";

    internal ServiceProcess Relay { get; private set; } = null!;

    internal ClientSite Site { get; private set; } = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Site = await ClientSite.StartAsync(Encoding.UTF8.GetBytes(ConnectKey));
        Relay = await ServiceProcess.StartRelayAsync(new Dictionary<string, string>
        {
            ["ConnectionStrings__Notifier"] = Database.RelayConnectionString,
            ["Intake__ApiKeys__0"] = Key,
            ["Connect__SigningKey"] = ConnectKey,
            ["Connect__Origins__0"] = Site.Origin,
        });
        Relay.Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    internal async Task<Tab> OpenAsync(BrowserProcess browser, Person person)
    {
        var tab = await browser.OpenAsync(new Uri(Site.Address, $"?who={person.Id}&relay={Relay.Client.BaseAddress}"), person.Id);
        await tab.WaitForAsync("window.told?.state?.state === 'live' && told.gaps.length > 0", Soon, $"{person.Id} connected");
        return tab;
    }

    /// <summary>What the site's server does when Ada writes.</summary>
    internal async Task AdaWritesAsync(Person person, string conversation, string message, long seq, string text)
    {
        using var answer = await Relay.Client.PostAsJsonAsync("/v1/publish", new
        {
            site = "acme",
            id = person.Message(message),
            to = new[] { person.Id },
            kind = "direct",
            conversation = person.Conversation(conversation),
            seq,
            sender = new { id = "ada", name = "Ada" },
            sentAt = await Database.NowAsync(),
            url = $"https://acme.example/messages/{person.Conversation(conversation)}",
            text,
        });
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
    }

    public override async ValueTask DisposeAsync()
    {
        await Relay.DisposeAsync();
        await Site.DisposeAsync();
        await base.DisposeAsync();
    }
}

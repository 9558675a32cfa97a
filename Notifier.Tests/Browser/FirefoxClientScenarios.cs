using Notifier.Tests.EndToEnd;

namespace Notifier.Tests.Browser;

/// <summary>The browser client in the other engine.</summary>
public sealed class FirefoxClientScenarios(ClientStage stage) : IClassFixture<ClientStage>
{
    [Fact]
    public async Task In_Firefox_five_tabs_hold_one_connection_and_what_is_sent_during_a_drop_arrives_once_and_in_order()
    {
        var profile = Directory.CreateTempSubdirectory("notifier-firefox-").FullName;
        await using (var firefox = await BrowserProcess.StartFirefoxAsync(profile, "ws://127.0.0.1:1/"))
        {
            var ada = ClientStage.NewName("ada");
            await using var link = stage.OwnLink();
            var tabs = new List<Tab>();
            for (var i = 0; i < 5; i++) tabs.Add(await stage.OpenAsync(ada, link: link, browser: firefox));
            await stage.PublishAsync($"{ada}-c", "bob", [ada], 1, "before");
            foreach (var tab in tabs) await ClientStage.ReceivedAsync(tab, "before");
            Assert.Equal(1, link.Connections);
            Assert.Equal("shared", (string?)(await ClientStage.StateAsync(tabs[0]))["via"]);

            await link.RefuseAsync();
            link.Cut();
            await tabs[0].WaitForAsync("told.state.state === 'waiting'", Stage.Soon, "the drop noticed");
            await stage.PublishAsync($"{ada}-c", "bob", [ada], 2, "1", "2", "3");
            link.Accept();
            await stage.PublishAsync($"{ada}-c", "bob", [ada], 5, "after");
            foreach (var tab in tabs)
            {
                await ClientStage.ReceivedAsync(tab, "before", "1", "2", "3", "after");
                Assert.Equal(["start"], (await tab.EvaluateAsync("told.gaps"))!.AsArray().Select(g => (string?)g));
            }
        }
        Directory.Delete(profile, recursive: true);
    }
}

using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;
using Notifier.Relay.Demo;
using Notifier.Tests.Docs;

namespace Notifier.Tests.Browser;

/// <summary>A site that has put the client on its page, as client/README.md says; what the client tells is kept in <c>told</c>, for a test to read.</summary>
internal sealed class ClientSite : IAsyncDisposable
{
    private const string Page =
        """
        <!doctype html><meta charset="utf-8"><title>Acme</title><link rel="icon" href="data:,"><body>
        <script type="module">
          import { connect } from '/client/client.js';
          const query = new URLSearchParams(location.search), who = query.get('who');
          const told = window.told = { messages: [], ids: [], gaps: [], statuses: [], presences: {}, typing: [], state: null };
          window.client = connect({
            url: query.get('relay'),
            user: who,
            token: async () => (await fetch(`/token?who=${who}`)).text(),
            keys: await (await fetch('/key')).text(),
            onMessage: m => { told.messages.push(m.text ?? m.unreadable); told.ids.push(m.id); },
            onGap: gap => told.gaps.push(gap.reason),
            onStatus: s => told.statuses.push(`${s.conversation} ${s.seq} ${s.status} by ${s.by}`),
            onPresence: p => { told.presences[p.who] = p.state; },
            onTyping: t => told.typing.push(`${t.who} ${t.typing}`),
            onState: s => { told.state = s; },
          });
        </script>
        """;

    private readonly WebApplication _app;
    private readonly DemoKeys _keys;

    private ClientSite(byte[] connectKey)
    {
        _keys = new DemoKeys(connectKey, TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.UseStaticFiles(new StaticFileOptions { RequestPath = "/client", FileProvider = new PhysicalFileProvider(Repository.File("Notifier.Relay/client")) });
        _app.MapGet("/", () => Results.Content(Page, "text/html"));
        _app.MapGet("/key", () => _keys.SealingKey);
        _app.MapGet("/token", (string who) => _keys.Token(new DemoPerson(who, who)));
    }

    public Uri Address => new(_app.Urls.First());

    public string Origin => Address.GetLeftPart(UriPartial.Authority);

    public string Seal(string text) => _keys.Seal(text);

    public static async Task<ClientSite> StartAsync(byte[] connectKey)
    {
        var site = new ClientSite(connectKey);
        await site._app.StartAsync();
        return site;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}

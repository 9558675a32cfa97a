using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Notifier.Tests.Docs;

namespace Notifier.Tests.Browser;

/// <summary>A site of one page, which serves the client files as they are shipped.</summary>
internal sealed class BrowserSite : IAsyncDisposable
{
    private const string Page =
        """
        <!doctype html><meta charset="utf-8"><title>Acme</title>
        <script type="module">
          import * as push from '/push.js';
          window.heard = [];
          navigator.serviceWorker.addEventListener('message', event => heard.push(event.data));
          window.notifications = async () => (await (await navigator.serviceWorker.getRegistration())?.getNotifications() ?? []).map(({ title, body, tag, data }) => ({ title, body, tag, data }));
          window.clear = async () => { for (const n of await (await navigator.serviceWorker.getRegistration())?.getNotifications() ?? []) n.close(); };
          window.push = push;
        </script>
        """;

    private readonly WebApplication _app;

    private BrowserSite()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapGet("/", () => Results.Content(Page, "text/html"));
        _app.MapGet("/{file}.js", (string file) => File(file));
    }

    public Uri Address => new(_app.Urls.First());

    public static async Task<BrowserSite> StartAsync()
    {
        var site = new BrowserSite();
        await site._app.StartAsync();
        return site;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static IResult File(string name) => name is "push" or "service-worker"
        ? Results.Content(System.IO.File.ReadAllText(Repository.File($"Notifier.Relay/client/{name}.js")), "text/javascript") : Results.NotFound();
}

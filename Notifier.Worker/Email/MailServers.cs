using Microsoft.Extensions.Options;
using Notifier.Worker.Sites;

namespace Notifier.Worker.Email;

/// <summary>The mail server of each site: ours, or one of its own, with connections, breaker and rates of its own. One whose row changed is left when its last mail is done.</summary>
internal sealed class MailServers(IMailTransport ours, SiteDirectory sites, TimeProvider clock, ILogger<SmtpTransport> log) : IAsyncDisposable
{
    /// <summary>A site's way to its mail server, until it is disposed.</summary>
    internal sealed class Lease(IMailTransport transport, Action? release) : IDisposable
    {
        public IMailTransport Transport => transport;

        /// <summary>The server is the site's own.</summary>
        public bool IsOfSite => release is not null;

        public void Dispose() => release?.Invoke();
    }

    private sealed class Server(string identity, SmtpTransport transport)
    {
        public string Is => identity;
        public SmtpTransport Transport => transport;
        public int Users { get; set; }
        public bool IsLeft { get; set; }
    }

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Server> _servers = [];

    public Lease Take(string site)
    {
        var settings = sites.Of(site);
        // In development mail may go to a folder: then so does that of a site without a host of its own.
        var wanted = string.IsNullOrWhiteSpace(settings.Email.Host) ? null : settings.MailServer;
        lock (_lock)
        {
            if (_servers.TryGetValue(site, out var known) && known.Is != wanted)
            {
                _servers.Remove(site);
                known.IsLeft = true;
                if (known.Users == 0) Leave(known);
            }
            if (wanted is null) return new Lease(ours, null);
            if (!_servers.TryGetValue(site, out var server))
                _servers[site] = server = new Server(wanted, new SmtpTransport(Options.Create(settings.Email), clock, log));
            server.Users++;
            return new Lease(server.Transport, () => Release(server));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers.Values) await server.Transport.DisposeAsync();
    }

    private void Release(Server server)
    {
        lock (_lock)
            if (--server.Users == 0 && server.IsLeft) Leave(server);
    }

    // It says goodbye within two seconds, and nobody waits for that.
    private static void Leave(Server server) => _ = server.Transport.DisposeAsync().AsTask();
}

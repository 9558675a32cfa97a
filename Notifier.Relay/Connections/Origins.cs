using Microsoft.Extensions.Options;

namespace Notifier.Relay.Connections;

/// <summary>Whose pages may connect: <c>Connect__Origins__N</c>, and pages that the relay serves itself. Who is no browser sends no origin; the token speaks for it.</summary>
internal sealed class Origins(IOptions<ConnectOptions> options)
{
    private readonly HashSet<string> _allowed = [.. options.Value.Origins];

    public bool Allow(HttpRequest request)
    {
        if (request.Headers.Origin.Count == 0) return true;
        return request.Headers.Origin is [{ } origin] && (_allowed.Contains(origin) || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value));
    }
}

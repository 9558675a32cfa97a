using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace Notifier.Relay.Connections;

/// <summary>Whose pages may connect: <c>Connect__Origins__N</c>, and pages that the relay serves itself. Who is no browser sends no origin; the token speaks for it.</summary>
internal sealed class Origins(IOptions<ConnectOptions> options)
{
    /// <summary>The CORS policy of the polling routes. The token is in a header, so cookies are never asked for.</summary>
    public const string Policy = "Poll";

    private readonly HashSet<string> _allowed = [.. options.Value.Origins];

    public bool Allow(IHeaderDictionary headers)
    {
        if (headers.Origin.Count == 0) return true;
        return headers.Origin is [{ } origin] && (_allowed.Contains(origin) || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == headers.Host));
    }

    public static void AddPolicy(IServiceCollection services)
    {
        services.AddCors();
        services.AddOptions<CorsOptions>().Configure<IOptions<ConnectOptions>>((cors, connect) => cors.AddPolicy(Policy, policy => policy
            .WithOrigins([.. connect.Value.Origins])
            .WithMethods(HttpMethods.Get, HttpMethods.Post)
            .WithHeaders("Authorization", "Content-Type")
            .SetPreflightMaxAge(TimeSpan.FromHours(1))));
    }
}

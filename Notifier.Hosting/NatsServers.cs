using Microsoft.Extensions.Options;
using NATS.Client.Core;

namespace Notifier.Hosting;

/// <summary>Connections to the NATS servers of the settings.</summary>
internal static class NatsServers
{
    /// <returns>Whether there are any.</returns>
    public static bool AddNats(this IServiceCollection services, IConfiguration configuration)
    {
        var section = configuration.GetSection(NatsOptions.Section);
        services.AddOptions<NatsOptions>().BindSection(section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<NatsOptions>, NatsOptionsValidator>();
        return !string.IsNullOrEmpty(section[nameof(NatsOptions.Url)]);
    }

    /// <summary>A connection that is not open yet.</summary>
    /// <param name="client">What the server's lists of connections call us.</param>
    public static NatsConnection New(NatsOptions options, string client) => new(new NatsOpts
    {
        Url = options.Url!,
        Name = client,
        // What this process publishes it knows already.
        Echo = false,
        AuthOpts = new NatsAuthOpts { Username = Set(options.User), Password = Set(options.Password), Token = Set(options.Token), CredsFile = Set(options.CredentialsFile) },
        TlsOpts = new NatsTlsOpts { CaFile = Set(options.CaFile) },
        // A server that hangs is noticed in seconds, and one that refuses us today may take us tomorrow.
        PingInterval = TimeSpan.FromSeconds(2),
        ReconnectWaitMin = TimeSpan.FromMilliseconds(200),
        ReconnectWaitMax = TimeSpan.FromSeconds(2),
        IgnoreAuthErrorAbort = true,
    });

    /// <summary>Whether it is the servers, and passes by itself.</summary>
    public static bool IsFault(Exception e) => e is NatsException or TimeoutException or IOException or System.Net.Sockets.SocketException;

    private static string? Set(string? text) => string.IsNullOrEmpty(text) ? null : text;
}

using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Notifier.Relay.Connections;
using Notifier.Relay.Fanout;
using Notifier.Relay.Fanout.Nats;
using Notifier.Relay.Operations;
using Notifier.Relay.Outcomes;
using Notifier.Relay.Presences;
using Notifier.Relay.Publish;

namespace Notifier.Relay;

/// <summary>The relay's parts, in the order of a message's way.</summary>
internal static class RelayRegistration
{
    public static IServiceCollection AddRelay(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RelayOptions>().BindSection(configuration.GetSection(RelayOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<RelayOptions>, RelayOptionsValidator>();
        services.AddOptions<ConnectOptions>().BindSection(configuration.GetSection(ConnectOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ConnectOptions>, ConnectOptionsValidator>();
        services.AddOptions<ConnectOptions>().Validate(o => o.SigningKey is not null, "Connect__SigningKey: is required: the secret that the sites sign connect tokens with, such as from: openssl rand -base64 32");
        services.AddApiKeys(configuration);
        services.AddDoors(configuration);
        Origins.AddPolicy(services);
        services.AddSingleton(TimeProvider.System);
        services.AddHosted<Ticker>();

        services.AddSingleton<RecentPublications>().AddSingleton<PublishEndpoint>().AddSingleton<SmallRequests>();
        services.AddSingleton<FanoutLane>().AddSingleton<EventLog>().AddSingleton<People>().AddSingleton<Signals>().AddSingleton<ForeignSignals>().AddSingleton<Switchboard>();
        services.AddSingleton<ConnectionTable>().AddSingleton<ClientFrames>().AddSingleton<ConnectRate>().AddSingleton<Origins>().AddSingleton<ConnectEndpoint>().AddSingleton<PollEndpoint>();
        // The last one is asked first. Elsewhere than on Linux all connections are Kestrel's.
        if (OperatingSystem.IsLinux()) services.AddSingleton<ReadyQueue>().AddSingleton<Upgrades>().AddSingleton<IConnectionListenerFactory, FrontDoor>();
        services.AddSingleton<Conversations>().AddSingleton<PresenceReporter>().AddSingleton<Facts>().AddSingleton<SeenMarks>();
        services.AddSingleton<OutcomeJournal>().AddSingleton<Deadlines>().AddSingleton<Reports>();

        // Stopped in the opposite order: what was accepted is told before the reporter ends.
        services.AddHosted<Reporter>();
        services.AddHosted<AcceptQueue>();
        services.AddHosted<NodeLease>();
        if (services.AddNats(configuration)) services.AddHosted<NatsFanout>();
        services.AddHosted<OtherNodes>();
        return services;
    }

    /// <summary>Nothing here blocks on a thread that reads a socket, so what comes is dealt with right there.</summary>
    public static void ListenRaw(IWebHostBuilder host) => host.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);

    public static void MapAll(this WebApplication app)
    {
        app.UseDoors();
        app.UseCors(); // before authorization: a preflight comes without a token
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapOperations();
        app.MapRelay();
    }

    private static void MapRelay(this WebApplication app)
    {
        app.MapGet(Handshake.Path, (HttpContext http, ConnectEndpoint endpoint) => endpoint.ConnectAsync(http)).DisableRateLimiting(); // ConnectRate's is its own
        var poll = app.MapGroup("/v1/poll").RequireCors(Origins.Policy).WithMetadata(new RequestSizeLimitAttribute(PollEndpoint.MaxBytes)).DisableRateLimiting(); // as for a socket: by ConnectRate, then by frames
        poll.MapPost("", (HttpContext http, PollEndpoint endpoint) => endpoint.PostAsync(http));
        poll.MapGet("", (HttpContext http, PollEndpoint endpoint) => endpoint.GetAsync(http));
        var site = app.MapGroup("/v1").RequireAuthorization(ApiKeys.Policy);
        site.MapPost("/publish", (HttpRequest request, PublishEndpoint endpoint) => endpoint.PublishAsync(request)).WithMetadata(new RequestSizeLimitAttribute(PublishEndpoint.MaxBytes), new RateOfItsOwn()); // Relay__MaxWaiting
        site.MapPost("/typing", (HttpRequest request, SmallRequests requests) => requests.TypingAsync(request)).WithMetadata(new RequestSizeLimitAttribute(SmallRequests.MaxBytes));
        site.MapPost("/disconnect", (HttpRequest request, SmallRequests requests) => requests.DisconnectAsync(request)).WithMetadata(new RequestSizeLimitAttribute(SmallRequests.MaxBytes));
    }

    private static void AddHosted<T>(this IServiceCollection services)
        where T : class, IHostedService
    {
        services.AddSingleton<T>();
        services.AddHostedService(provider => provider.GetRequiredService<T>());
    }
}

using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Notifier.Hosting;

/// <summary>What holds for every route, of now and of later: small bodies, a rate, headers. A route says where it needs something else.</summary>
internal static class DoorRegistration
{
    /// <summary>A body of a route that does not say otherwise (<see cref="RequestSizeLimitAttribute"/>).</summary>
    public const int MaxBytes = 64 * 1024;

    public static IServiceCollection AddDoors(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<LimitsOptions>().BindSection(configuration.GetSection(LimitsOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<LimitsOptions>, LimitsOptionsValidator>();
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = MaxBytes;
            kestrel.AddServerHeader = false;
        });
        services.AddRateLimiter(_ => { });
        services.AddOptions<RateLimiterOptions>().Configure<ApiKeys, IOptions<LimitsOptions>>((limiter, keys, limits) =>
        {
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http => Caller(http, keys, limits.Value));
            limiter.OnRejected = (rejected, _) => new ValueTask(RefuseAsync(rejected.HttpContext, rejected.Lease));
        });
        return services;
    }

    /// <summary>Before everything else that answers.</summary>
    public static void UseDoors(this WebApplication app)
    {
        app.UseMiddleware<PageHeaders>();
        app.UseRateLimiter();
    }

    /// <summary>A key is known by its hash alone; what only looks like one counts for the address that guesses it.</summary>
    private static RateLimitPartition<string> Caller(HttpContext http, ApiKeys keys, LimitsOptions limits)
    {
        if (BearerHandler.Token(http.Request) is not { } token || keys.SiteOf(token) is null) return Bucket($"address {ClientNetwork.Of(http.Connection.RemoteIpAddress)}", limits.PerAddress);
        return http.GetEndpoint()?.Metadata.GetMetadata<RateOfItsOwn>() is null ? Bucket($"key {Convert.ToHexString(ApiKeys.Hash(token))}", limits.PerKey) : RateLimitPartition.GetNoLimiter("");
    }

    private static RateLimitPartition<string> Bucket(string caller, int perSecond) => RateLimitPartition.GetTokenBucketLimiter(caller, _ => new TokenBucketRateLimiterOptions
    {
        TokenLimit = perSecond * 2,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
    });

    private static Task RefuseAsync(HttpContext http, RateLimitLease lease)
    {
        var after = lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)) : 1;
        http.Response.Headers.RetryAfter = after.ToString(CultureInfo.InvariantCulture);
        return ApiProblem.Of(StatusCodes.Status429TooManyRequests, "Too many requests. Send this again later.").ExecuteAsync(http);
    }
}

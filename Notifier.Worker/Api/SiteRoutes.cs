using System.Security.Claims;
using Microsoft.AspNetCore.Mvc;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;

namespace Notifier.Worker.Api;

/// <summary>What all routes under <c>/v1/sites/{site}</c> share: small bodies, ids that can be kept, no other site's key, and a word where the database is away.</summary>
internal sealed partial class SiteRoutes(SiteDirectory sites, ILogger<SiteRoutes> log) : IEndpointFilter
{
    public static RouteGroupBuilder Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/sites/{site}").WithMetadata(new RequestSizeLimitAttribute(JsonBody.MaxBytes));
        group.AddEndpointFilter<RouteGroupBuilder, SiteRoutes>();
        return group;
    }

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var path = RoutePath.Of(context.HttpContext);
        if (context.HttpContext.User.FindFirstValue(ApiKeys.Claim) is { } keyOf && !sites.Takes(keyOf, path.Site)) return ApiKeys.OfAnotherSite();
        if (path.Fault is { } fault)
            return ApiProblem.Of(StatusCodes.Status400BadRequest, $"In the path, {fault}.", fault.Path);
        try
        {
            return await next(context);
        }
        catch (Exception e) when (DatabaseFault.Passes(e))
        {
            LogDatabaseAway(log, DatabaseFault.Word(e));
            context.HttpContext.Response.Headers.RetryAfter = "5";
            return ApiProblem.Of(StatusCodes.Status503ServiceUnavailable, "The database is away. Send this again.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request was refused with 503: the database is away ({Cause})")]
    private static partial void LogDatabaseAway(ILogger log, string cause);
}

namespace Notifier.Worker.Operations;

/// <summary>Stands in front of <c>/hangfire</c> and <c>/admin</c>: closes them where nobody can be let in, and keeps browsers from being turned against them.</summary>
internal sealed class OperatorPages(RequestDelegate next, AdminAccess access, LoginRate logins)
{
    // Hangfire's charts write style attributes; scripts all come from files.
    private const string ContentSecurityPolicy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        if (!path.StartsWithSegments("/hangfire") && !path.StartsWithSegments("/admin")) return next(context);

        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;

        if (context.Request.Headers.Authorization.Count > 0 && logins.Wait(context.Connection.RemoteIpAddress) is { } wait)
        {
            context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
            headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
            return context.Response.WriteAsync("Too many wrong passwords from this address. Try again later.\n", context.RequestAborted);
        }
        if (access.Refusal(context) is not { } refusal) return next(context);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync(refusal + "\n", context.RequestAborted);
    }
}

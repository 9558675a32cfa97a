namespace Notifier.Worker.Operations;

/// <summary>Stands in front of <c>/hangfire</c> and <c>/admin</c>: closes them where nobody can be let in, and keeps browsers from being turned against them.</summary>
internal sealed class OperatorPages(RequestDelegate next, AdminAccess access)
{
    // Hangfire's charts write style attributes; scripts all come from files.
    private const string ContentSecurityPolicy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        if (!path.StartsWithSegments("/hangfire") && !path.StartsWithSegments("/admin")) return next(context);

        var headers = context.Response.Headers;
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer"; // recipients' ids stand in the addresses of these pages

        if (access.Refusal(context) is not { } refusal) return next(context);
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return context.Response.WriteAsync(refusal + "\n", context.RequestAborted);
    }
}

namespace Notifier.Hosting;

/// <summary>
/// What every answer tells a browser: nothing of it runs, is framed, is guessed at, or says where somebody came from. A page that needs more has a policy of its own.
/// Scripts have none: a service worker would have to live by it.
/// </summary>
internal sealed class PageHeaders(RequestDelegate next)
{
    private const string Nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        context.Response.OnStarting(static state =>
        {
            var response = (HttpResponse)state;
            if (response.Headers.ContentSecurityPolicy.Count == 0 && response.ContentType?.StartsWith("text/javascript", StringComparison.OrdinalIgnoreCase) is not true)
                response.Headers.ContentSecurityPolicy = Nothing;
            return Task.CompletedTask;
        }, context.Response);
        return next(context);
    }
}

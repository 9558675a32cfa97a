using System.Text.RegularExpressions;

namespace Notifier.Hosting;

/// <summary>
/// Writes <c>notifier_missed 0</c> where the exporter writes <c>notifier_missed{} 0</c>: Prometheus reads both, but the first is what was promised,
/// and what people look for with grep.
/// </summary>
internal sealed partial class ScrapeFormat(RequestDelegate next)
{
    public const string Path = "/metrics";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Path != Path)
        {
            await next(context);
            return;
        }

        var body = context.Response.Body;
        using var scrape = new MemoryStream();
        context.Response.Body = scrape;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = body;
        }
        var text = EmptyBraces().Replace(System.Text.Encoding.UTF8.GetString(scrape.GetBuffer(), 0, (int)scrape.Length), "$1 ");
        context.Response.ContentLength = null;
        await context.Response.WriteAsync(text, context.RequestAborted);
    }

    [GeneratedRegex(@"^([a-z_]+)\{\} ", RegexOptions.Multiline)]
    private static partial Regex EmptyBraces();
}

using System.Text;
using Microsoft.Extensions.FileProviders;

namespace Notifier.Relay.Demo;

/// <param name="Worker">Where the notifier is, as a browser on this machine reaches it.</param>
internal sealed record DemoSettings(Uri Worker);

/// <summary>The demo page and the site behind it, in Development only: it signs in whoever asks.</summary>
internal static class DemoRegistration
{
    public static IServiceCollection AddDemo(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        if (!environment.IsDevelopment()) return services;
        var worker = Address(configuration["Worker:Urls"]);
        var connectKey = Encoding.UTF8.GetBytes(configuration["Connect:SigningKey"] ?? "");
        var apiKey = configuration["Intake:ApiKeys:0"] ?? "";
        return services
            .AddSingleton(new DemoSettings(worker))
            .AddSingleton<DemoSite>()
            .AddSingleton(new DemoMail(configuration["Email:MailFolder"] ?? Path.Combine(".data", "mail")))
            .AddSingleton(s => new DemoKeys(connectKey, s.GetRequiredService<TimeProvider>()))
            .AddSingleton(new DemoNeighbours(new HttpClient { Timeout = TimeSpan.FromSeconds(10) }, worker, apiKey));
    }

    public static void UseDemo(this WebApplication app)
    {
        if (!app.Environment.IsDevelopment()) return;
        var worker = app.Services.GetRequiredService<DemoSettings>().Worker;
        var policy = $"default-src 'self'; connect-src 'self' {worker.GetLeftPart(UriPartial.Authority)} ws: data: blob:; img-src 'self' data:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
            + "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; frame-src 'self' data: blob:";
        var page = new PhysicalFileProvider(Path.Combine(AppContext.BaseDirectory, "Demo", "page"));
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = page });
        app.UseStaticFiles(new StaticFileOptions { FileProvider = page, OnPrepareResponse = file => Prepare(file.Context.Response.Headers, policy) });
        // At the root of the site: a service worker is good for the folder it lies in.
        app.MapGet("/service-worker.js", () => Results.File(Path.Combine(ClientFiles.Folder, "service-worker.js"), "text/javascript"));
        app.MapDemo();
    }

    /// <summary>Who changes a file here wants to see it.</summary>
    private static void Prepare(IHeaderDictionary headers, string policy)
    {
        headers.CacheControl = "no-cache";
        headers.ContentSecurityPolicy = policy;
    }

    /// <summary>The first of the worker's addresses, such as <c>http://127.0.0.1:5080</c>.</summary>
    private static Uri Address(string? urls)
    {
        var first = (urls ?? "http://127.0.0.1:5080").Split(';')[0].Replace("+", "127.0.0.1", StringComparison.Ordinal).Replace("*", "127.0.0.1", StringComparison.Ordinal);
        return new Uri(first.Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal));
    }
}

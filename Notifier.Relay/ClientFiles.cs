using Microsoft.Extensions.FileProviders;

namespace Notifier.Relay;

/// <summary>The browser client under <c>/client/</c>, as it lies in the repository. A site may as well serve a copy of its own (client/README.md).</summary>
internal static class ClientFiles
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "client");

    public static void UseClientFiles(this WebApplication app) => app.UseStaticFiles(new StaticFileOptions
    {
        FileProvider = new PhysicalFileProvider(Folder),
        RequestPath = "/client",
        OnPrepareResponse = file =>
        {
            // Pages of other origins import modules with CORS; and a client that is half old, half new would not work.
            file.Context.Response.Headers.AccessControlAllowOrigin = "*";
            file.Context.Response.Headers.CacheControl = "no-cache";
        },
    });
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Notifier.Benchmarks.WebPush;

/// <summary>A push service that takes everything, over TLS, HTTP/1.1 or HTTP/2 as the sender likes. Prints its address; GET says how many push messages it has.</summary>
internal static class PushServerSide
{
    public static async Task<int> RunAsync(string certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, o => o.UseHttps(X509CertificateLoader.LoadPkcs12FromFile(certificate, null))));
        await using var app = builder.Build();
        var (count, connections) = (0, new System.Collections.Concurrent.ConcurrentDictionary<string, bool>());
        app.Run(async context =>
        {
            if (HttpMethods.IsPost(context.Request.Method))
            {
                await context.Request.Body.CopyToAsync(Stream.Null);
                connections.TryAdd(context.Connection.Id, true);
                Interlocked.Increment(ref count);
                context.Response.StatusCode = StatusCodes.Status201Created;
            }
            else await context.Response.WriteAsync($"{Volatile.Read(ref count)} {connections.Count}");
        });
        await app.StartAsync();
        Console.WriteLine(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        while (Console.ReadLine() is not null) ;
        return 0;
    }
}

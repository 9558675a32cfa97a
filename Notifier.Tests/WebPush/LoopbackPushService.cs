using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Notifier.Tests.WebPush;

/// <summary>What a push service was sent.</summary>
internal sealed record PushRequest(string Method, string Path, string Protocol, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>A push service on 127.0.0.1 that keeps what it is sent and answers as a test says: in the clear, or with TLS and HTTP/2.</summary>
internal sealed class LoopbackPushService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackPushService(bool tls)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = tls ? HttpProtocols.Http1AndHttp2 : HttpProtocols.Http1;
            if (tls) listen.UseHttps(Certificate);
        }));
        _app = builder.Build();
    }


    public ConcurrentQueue<PushRequest> Requests { get; } = new();

    /// <summary>What a client of the TLS form has to trust.</summary>
    public X509Certificate2 Certificate { get; } = SelfSigned();

    public int Port => new Uri(_app.Urls.First()).Port;

    public static async Task<LoopbackPushService> StartAsync(RequestDelegate answer, bool tls = false)
    {
        var service = new LoopbackPushService(tls);
        service._app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
            var request = new PushRequest(context.Request.Method, context.Request.Path, context.Request.Protocol, headers, body.ToArray());
            service.Requests.Enqueue(request);
            context.Features.Set(request);
            await answer(context);
        });
        await service._app.StartAsync();
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        // What hangs on purpose is not waited for.
        using var atOnce = new CancellationTokenSource(TimeSpan.Zero);
        await _app.StopAsync(atOnce.Token);
        await _app.DisposeAsync();
        Certificate.Dispose();
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=fcm.googleapis.com", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
    }
}

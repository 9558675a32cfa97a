using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Notifier.Benchmarks.Shares;

/// <summary>A push service that takes everything, and knows when a request came for each of its paths.</summary>
internal sealed class PushSink(WebApplication app) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<long>> _awaited = new();

    public string Origin { get; private set; } = "";

    public static async Task<PushSink> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var sink = new PushSink(builder.Build());
        await sink.StartServerAsync();
        return sink;
    }

    /// <summary>When the next request for this path comes, as a timestamp.</summary>
    public Task<long> NextAsync(string path) => _awaited.GetOrAdd(path, _ => new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    private async Task StartServerAsync()
    {
        app.Run(async context =>
        {
            var came = Stopwatch.GetTimestamp();
            if (_awaited.TryRemove(context.Request.Path, out var awaited)) awaited.TrySetResult(came);
            await context.Request.Body.CopyToAsync(Stream.Null);
            context.Response.StatusCode = StatusCodes.Status201Created;
        });
        await app.StartAsync();
        Origin = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}

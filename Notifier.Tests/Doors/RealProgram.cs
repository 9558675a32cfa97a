using System.Diagnostics;
using System.Reflection;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Notifier.Tests.Doors;

/// <summary>The worker or the relay from its very entry point, in this process, so that a test sees every route that there is.</summary>
internal sealed class RealProgram : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly Task _run;

    private RealProgram(IHost host, Task run)
    {
        (_host, _run) = (host, run);
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false })
        {
            BaseAddress = new Uri(host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()),
        };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _host.Services;

    public IReadOnlyList<RouteEndpoint> Routes => [.. Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    /// <param name="program">Any type of it.</param>
    public static async Task<RealProgram> StartAsync(Type program, params (string Name, string Value)[] settings)
    {
        var built = new TaskCompletionSource<IHost>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var listening = DiagnosticListener.AllListeners.Subscribe(new Watch<DiagnosticListener>(listener =>
        {
            if (listener.Name == "Microsoft.Extensions.Hosting")
                listener.Subscribe(new Watch<KeyValuePair<string, object?>>(happened => { if (happened is { Key: "HostBuilt", Value: IHost host } && Current.Value == built) built.TrySetResult(host); }));
        }));
        string[] args = [.. settings.Append(("environment", "Production")).Append(("Logging:LogLevel:Default", "Critical")).Select(s => $"--{s.Item1}={s.Item2}")];
        var run = Task.Factory.StartNew(() =>
        {
            Current.Value = built;
            return (int)program.Assembly.EntryPoint!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [args], null)!;
        }, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        Assert.True(await Task.WhenAny(built.Task, run) == built.Task, "it ended at once: see its line above");
        var host = await built.Task;
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(started.SetResult);
        Assert.True(await Task.WhenAny(started.Task, run) == started.Task, "it ended before it had started: see its line above");
        return new RealProgram(host, run);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _host.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await _run;
    }

    /// <summary>Whose host it is that was built: others start beside it.</summary>
    private static readonly AsyncLocal<TaskCompletionSource<IHost>?> Current = new();

    private sealed class Watch<T>(Action<T> see) : IObserver<T>
    {
        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }

        public void OnNext(T value) => see(value);
    }
}

using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifier.Worker.Email;
using Notifier.Worker.Operations;
using Notifier.Worker.Storage;
using Xunit;

namespace Notifier.Tests.Operations;

/// <summary>Hangfire keeps its type resolver, its log and its dashboard's routes for the whole process: hosts run one after the other.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public static class OneHostAtATime
{
    public const string Name = "a host with Hangfire in it";
}

/// <summary>A worker of nothing but operations, on a real Kestrel at a free port.</summary>
internal sealed class OperationsHost : IAsyncDisposable
{
    public const string User = "ada", Password = "correct horse";

    private readonly WebApplication _app;

    private OperationsHost(WebApplication app, Uri address)
    {
        _app = app;
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = address };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<OperationsHost> StartAsync(string connectionString, string environment = "Production", bool withAdmin = true, string url = "http://127.0.0.1:0")
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:Notifier"] = connectionString, ["Logging:LogLevel:Default"] = "Error", ["Intake:ApiKeys:0"] = "a-key-for-the-tests" });
        if (withAdmin) builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Admin:User"] = User, ["Admin:Password"] = Password });
        builder.WebHost.UseUrls(url);
        builder.Services.AddStorage(builder.Configuration).AddDoors(builder.Configuration).AddApiKeys(builder.Configuration);
        builder.Services.AddOperations(builder.Configuration, builder.Environment);
        builder.Services.AddSingleton(TimeProvider.System).AddSingleton<EmailAlarms>().AddSingleton<ParkedEmails>();
        var app = builder.Build();
        app.UseDoors();
        app.MapOperations();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new OperationsHost(app, new Uri(address));
    }

    /// <summary>Sends every request from now on with the admin's password, or another.</summary>
    public OperationsHost As(string user = User, string password = Password)
    {
        Client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

using System.Net.Http.Headers;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifier.Worker;
using Notifier.Worker.Devices;
using Notifier.Worker.Email.Templates;
using Notifier.Worker.Escalation;
using Notifier.Worker.Intake;
using Notifier.Worker.Recipients;
using Notifier.Worker.Sites;
using Notifier.Worker.Storage;
using Notifier.Worker.Unsubscribe;
using Notifier.Worker.WebPush;
using Xunit;

namespace Notifier.Tests.Api;

/// <summary>A worker of nothing but the routes for sites and their people, on a real Kestrel at a free port.</summary>
internal sealed class ApiHost : IAsyncDisposable
{
    public const string Key = "test-key-0123456789abcdef", ConnectKey = "connect-key-0123456789abcdef-0123456789", Origin = "https://acme.example";
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    private readonly WebApplication _app;

    private ApiHost(WebApplication app, Uri address)
    {
        _app = app;
        Client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = address };
        As(Key);
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="settings">Besides those that are needed; null: and without the API key.</param>
    public static async Task<ApiHost> StartAsync(string connectionString, string environment = "Production", params (string Name, string Value)[]? settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Notifier"] = connectionString,
            ["Links:BaseUrl"] = "https://notifier.acme.example",
            ["Links:SigningKey"] = "links-key-0123456789abcdef-0123456789",
            ["Connect:SigningKey"] = ConnectKey,
            ["Connect:Origins:0"] = Origin,
        });
        if (settings is not null) builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("Intake:ApiKeys:0", (string?)Key)]);
        builder.Configuration.AddInMemoryCollection((settings ?? []).Select(s => KeyValuePair.Create(s.Name, (string?)s.Value)));
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<TimeProvider>(new StoppedClock());
        builder.Services.AddOptions<LinksOptions>().BindSection(builder.Configuration.GetSection(LinksOptions.Section));
        builder.Services.AddSingleton<UnsubscribeToken>();
        builder.Services.AddSingleton<EmailTemplates>();
        builder.Services.AddOptions<WebPushOptions>().BindSection(builder.Configuration.GetSection(WebPushOptions.Section));
        builder.Services.AddSingleton<EndpointGuard>();
        builder.Services.AddOptions<EscalationOptions>();
        builder.Services.AddStorage(builder.Configuration).AddSites(builder.Configuration).AddIntake(builder.Configuration).AddRecipients().AddDevices(builder.Configuration).AddUnsubscribe();
        builder.Services.AddDoors(builder.Configuration);
        var app = builder.Build();
        app.UseDoors();
        app.UseCors();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapRecipients();
        app.MapDevices();
        app.MapUnsubscribe();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ApiHost(app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()));
    }

    /// <summary>Sends every request from now on with this bearer token; null: with none.</summary>
    public ApiHost As(string? token)
    {
        Client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return this;
    }

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await SendAsync(request);
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using var response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, headers, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private sealed class StoppedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}

using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Notifier.Relay;
using Notifier.Relay.Operations;
using Notifier.Relay.Storage;
using Notifier.Tests.Api;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.Relay;

/// <summary>A relay on a real Kestrel at a free port.</summary>
internal sealed class RelayHost : IAsyncDisposable
{
    public const string Key = "test-key-0123456789abcdef", ConnectKey = "connect-key-0123456789abcdef-0123456789", Origin = "https://acme.example";

    private readonly WebApplication _app;
    private bool _stopped;

    private RelayHost(WebApplication app, Uri address)
    {
        _app = app;
        Address = address;
        Http = new HttpClient { BaseAddress = address };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<RelayHost> StartAsync(string connectionString, params (string Name, string Value)[] settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = "Production" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ConnectionStrings:Notifier"] = connectionString,
            ["Connect:SigningKey"] = ConnectKey,
            ["Connect:Origins:0"] = Origin,
            ["Intake:ApiKeys:0"] = Key,
            ["Relay:ConnectsPerSecond"] = "10000",
        });
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Name, (string?)s.Value)));
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        RelayRegistration.ListenRaw(builder.WebHost);
        builder.Services.AddStorage(builder.Configuration).AddRelay(builder.Configuration).AddOperations(builder.Configuration, builder.Environment);
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapAll();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RelayHost(app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()));
    }

    /// <summary>The same for a process of its own.</summary>
    public static Dictionary<string, string> ProcessSettings(TestDatabase database) => new()
    {
        ["ConnectionStrings__Notifier"] = database.RelayConnectionString,
        ["Connect__SigningKey"] = ConnectKey,
        ["Connect__Origins__0"] = Origin,
        ["Intake__ApiKeys__0"] = Key,
        ["Relay__ConnectsPerSecond"] = "100000",
        ["Relay__FramesPerSecond"] = "100000",
        ["Relay__FrameBurst"] = "100000",
    };

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? json = null, string? token = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        var headers = response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase);
        return new Answer((int)response.StatusCode, headers, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public Task<Answer> PublishAsync(string id, params string[] to) => SendAsync(HttpMethod.Post, "/v1/publish", Message(id, to));

    /// <summary>Sent days ago; <see cref="MessageOfNow"/> is one that people are told of.</summary>
    public static string Message(string id, string[] to, string conversation = "c-1", string sender = "bob", string text = "hello") => JsonSerializer.Serialize(new
    {
        site = "acme",
        id,
        to,
        kind = "direct",
        conversation,
        seq = 1,
        title = "Order",
        sender = new { id = sender, name = "Bob" },
        sentAt = "2026-11-24T02:41:00.100Z",
        url = "https://acme.example/c",
        text,
    });

    public static string MessageOfNow(string id, string[] to, string conversation = "c-1", string sender = "bob", string text = "hello")
    {
        var message = JsonSerializer.SerializeToNode(JsonSerializer.Deserialize<JsonElement>(Message(id, to, conversation, sender, text)))!.AsObject();
        message.Remove("sentAt");
        return message.ToJsonString();
    }

    /// <summary>As at a deployment.</summary>
    public async Task StopAsync()
    {
        _stopped = true;
        await _app.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (!_stopped) await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

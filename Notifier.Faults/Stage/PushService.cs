using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Notifier.Faults.Driving;

namespace Notifier.Faults.Stage;

/// <summary>What the push service says instead of 201.</summary>
/// <param name="Status">0: nothing, until the client gives up.</param>
internal sealed record PushFault(int Status, int? RetryAfter = null)
{
    private int _said;

    /// <summary>How often, in all.</summary>
    public int Times { get; init; } = int.MaxValue;

    /// <summary>How often it was asked for.</summary>
    public int Said => _said;

    public bool Take() => Interlocked.Increment(ref _said) <= Times;
}

/// <summary>A push service and its browsers in one: takes RFC 8030 requests, decrypts them, and keeps a journal on disk.</summary>
internal sealed class PushService : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, (string Person, Browser Browser)> _browsers = new();
    private readonly Lock _lock = new();
    private readonly StreamWriter _journal;
    private readonly WebApplication _app;
    private readonly HashSet<string> _gone = [];
    private int _registered;
    private Func<string, Browser>? _shared;

    private PushService(string journal)
    {
        _journal = new StreamWriter(journal, append: true) { AutoFlush = true };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1AndHttp2));
        _app = builder.Build();
        _app.MapPost("/push/{subscription}", TakeAsync);
    }

    /// <summary>Said to everybody, for as long as it stands here.</summary>
    public PushFault? Fault { get; set; }

    public string Origin => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<PushService> StartAsync(string journal)
    {
        var service = new PushService(journal);
        await service._app.StartAsync();
        return service;
    }

    /// <summary>Called with the conversation and the newest seq of every push message that arrives.</summary>
    public event Action<string, long>? Taken;

    /// <summary>Who else has subscriptions here.</summary>
    public void Share(Func<string, Browser> browsers) => _shared = browsers;

    /// <summary>A browser's new subscription, as it would post it to the site.</summary>
    public JsonObject Subscribe(string person)
    {
        var id = $"{person}-{Interlocked.Increment(ref _registered)}";
        var browser = new Browser();
        _browsers[id] = (person, browser);
        return new JsonObject
        {
            ["endpoint"] = $"{Origin}/push/{id}",
            ["keys"] = new JsonObject { ["p256dh"] = Base64Url.EncodeToString(browser.PublicKey), ["auth"] = Base64Url.EncodeToString(browser.Auth) },
        };
    }

    /// <summary>From now on 410 for one of these people's subscriptions.</summary>
    public void Unsubscribe(string subscription)
    {
        lock (_lock) _gone.Add(subscription);
    }

    public IReadOnlyList<string> Subscriptions => [.. _browsers.Keys.Order()];

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _journal.DisposeAsync();
        foreach (var (_, browser) in _browsers.Values) browser.Dispose();
    }

    private async Task TakeAsync(string subscription, HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        if (!_browsers.TryGetValue(subscription, out var known) && _shared is { } shared) known = (subscription, shared(subscription));
        if (known.Browser is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        bool gone;
        lock (_lock) gone = _gone.Contains(subscription);
        var fault = gone ? new PushFault(410) : Fault is { } all && all.Take() ? all : null;
        var push = JsonNode.Parse(known.Browser.Decrypt(body.ToArray()))!.AsObject();
        Taken?.Invoke((string)push["conversation"]!, (long)push["upTo"]!);
        push["at"] = DriverLog.Now;
        push["subscription"] = subscription;
        push["person"] = known.Person;
        push["topic"] = context.Request.Headers["Topic"].ToString();
        push["status"] = fault?.Status ?? StatusCodes.Status201Created;
        var line = push.ToJsonString(JsonSerializerOptions.Web);
        lock (_lock) _journal.WriteLine(line);

        if (fault is { Status: 0 }) await Task.Delay(TimeSpan.FromMinutes(1), context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        context.Response.StatusCode = fault?.Status is > 0 and var status ? status : StatusCodes.Status201Created;
        if (fault?.RetryAfter is { } after) context.Response.Headers.RetryAfter = $"{after}";
    }
}

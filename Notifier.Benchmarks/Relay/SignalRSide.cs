using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Notifier.Benchmarks.Relay;

/// <summary>The same relay on SignalR, with its JSON protocol and nothing changed but its pings: people are its users.</summary>
internal static class SignalRSide
{
    public static async Task<int> RunAsync(string port)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddSignalR(signalR => (signalR.KeepAliveInterval, signalR.ClientTimeoutInterval) = (TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(20)));
        builder.Services.AddSingleton<IUserIdProvider, QueryUser>();
        var app = builder.Build();
        var offset = 0L;
        app.MapHub<RelayHub>("/v1/ws");
        app.MapPost("/v1/publish", async (Published message, IHubContext<RelayHub> hub) =>
        {
            await hub.Clients.Users(message.To).SendAsync("ev", new { o = Interlocked.Increment(ref offset), message.Id, message.Conversation, message.Seq, message.Sender, message.Text });
            return Results.StatusCode(202);
        });
        await app.StartAsync();
        Console.WriteLine("ready");
        await app.WaitForShutdownAsync();
        return 0;
    }

    private sealed record Published(string Id, string[] To, string Conversation, long Seq, JsonElement Sender, string Text);

    private sealed class QueryUser : IUserIdProvider
    {
        public string? GetUserId(HubConnectionContext connection) => connection.GetHttpContext()!.Request.Query["u"];
    }

    private sealed class RelayHub : Hub
    {
        private static readonly ConcurrentDictionary<string, long> Acknowledged = new();

        public override Task OnConnectedAsync() => Clients.Caller.SendAsync("welcome");

        public void Ack(long o) => Acknowledged[Context.UserIdentifier!] = o;
    }
}

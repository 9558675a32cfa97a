using System.Diagnostics;
using System.Text;
using System.Text.Json;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Notifier.Tests.Fixtures;

namespace Notifier.Tests.EndToEnd;

/// <summary>The same stage, where events come by a real nats-server.</summary>
public class NatsStage(PostgresCluster cluster) : Stage(cluster)
{
    public const string Stream = "NOTIFIER", Consumer = "notifier-worker";

    private static readonly JsonSerializerOptions Web = new(JsonSerializerDefaults.Web);

    private NatsConnection _publisher = null!;

    public NatsServer Server { get; private set; } = null!;

    public NatsJSContext Context { get; private set; } = null!;

    /// <summary>More of the server's configuration.</summary>
    protected virtual string ServerConfig => "";

    public override async ValueTask InitializeAsync()
    {
        Server = await NatsServer.StartAsync(ServerConfig);
        _publisher = new NatsConnection(new NatsOpts { Url = Server.Url, ReconnectWaitMin = TimeSpan.FromMilliseconds(50), ReconnectWaitMax = TimeSpan.FromMilliseconds(100) });
        Context = new NatsJSContext(_publisher);
        await base.InitializeAsync();
        await HealthAsync("ok");
    }

    protected override Dictionary<string, string> Settings() => new(base.Settings()) { ["Nats__Url"] = Server.Url, ["Nats__AckWait"] = "00:00:02" };

    /// <summary>Waits until the worker says so of NATS.</summary>
    public Task HealthAsync(string state) => UntilAsync(async () => (await (await Worker.Client.GetAsync("/health/ready")).Content.ReadAsStringAsync()).Contains($"\"nats\":\"{state}\""), $"NATS is {state}");

    public override Task SendAsync(params object[] events) => SendAsync("notifier.events.acme", Encoding.UTF8.GetBytes(JsonSerializer.Serialize(events, Web)));

    /// <summary>Publishes, and returns when the stream has it.</summary>
    public async Task SendAsync(string subject, byte[] message) => (await Context.PublishAsync(subject, message)).EnsureSuccess();

    public Task SendAsync(string subject, string message) => SendAsync(subject, Encoding.UTF8.GetBytes(message));

    public async Task<ConsumerInfo> ConsumerAsync() => (await Context.GetConsumerAsync(Stream, Consumer)).Info;

    /// <summary>Waits until the consumer looks like that.</summary>
    public Task ConsumerAsync(Func<ConsumerInfo, bool> wanted, string what) => UntilAsync(async () => wanted(await ConsumerAsync()), what);

    /// <summary>Waits until nothing is in the stream or in hand: each message was acknowledged.</summary>
    public Task TakenAsync() => ConsumerAsync(c => c.NumPending == 0 && c.NumAckPending == 0, "every message acknowledged");

    public override async Task DecidedAsync()
    {
        await TakenAsync();
        await base.DecidedAsync();
    }

    /// <summary>Waits until it is so. A server that is away is waited for.</summary>
    private static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        Exception? fault = null;
        while (Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(60))
        {
            try
            {
                if (await isSo()) return;
            }
            catch (Exception e) when (e is NatsException or HttpRequestException or TimeoutException)
            {
                fault = e;
            }
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        Assert.Fail($"Not within a minute: {what} {fault?.Message}");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _publisher.DisposeAsync();
        await Server.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

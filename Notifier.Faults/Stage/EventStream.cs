using System.Text;
using NATS.Client.Core;
using NATS.Client.JetStream;
using Notifier.Faults.Driving;
using Notifier.Tests.Fixtures;

namespace Notifier.Faults.Stage;

/// <summary>A nats-server whose JetStream stream is one more door, and the link from the workers to it.</summary>
internal sealed class EventStream : IAsyncDisposable
{
    private const string Stream = "NOTIFIER", Consumer = "notifier-worker", Subject = $"notifier.events.{Plan.Site}";

    private readonly NatsConnection _connection;
    private readonly NatsJSContext _context;

    private EventStream(NatsServer server)
    {
        (Server, Link) = (server, new TcpProxy(server.Port));
        _connection = new NatsConnection(new NatsOpts { Url = server.Url, ReconnectWaitMin = TimeSpan.FromMilliseconds(50), ReconnectWaitMax = TimeSpan.FromMilliseconds(100), RequestTimeout = TimeSpan.FromSeconds(3) });
        _context = new NatsJSContext(_connection);
    }

    public NatsServer Server { get; }

    /// <summary>Between the workers and the server.</summary>
    public TcpProxy Link { get; }

    public static async Task<EventStream> StartAsync() => new(await NatsServer.StartAsync());

    /// <summary>Returns when the stream has it on disk.</summary>
    public async Task PublishAsync(string body, CancellationToken stop) => (await _context.PublishAsync(Subject, Encoding.UTF8.GetBytes(body), cancellationToken: stop)).EnsureSuccess();

    /// <summary>What no worker has taken and acknowledged.</summary>
    public async Task<long> PendingAsync(CancellationToken stop)
    {
        var info = (await _context.GetConsumerAsync(Stream, Consumer, stop)).Info;
        return (long)info.NumPending + info.NumAckPending;
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await Link.DisposeAsync();
        await Server.DisposeAsync();
    }
}
